/** A model's folder → what the engine loads and the tokenizer that goes with it. */

import { InvSegError } from '../errors.js';
import { checkFits, lengthFit } from '../models/index.js';
import type { NativeVisionLanguageConfig, TensorSource } from '../native/index.js';
import { ClipTokenizer } from '../text/index.js';
import { type OpenedModel, openModel } from './model.js';
import { WordPiece } from './wordpiece.js';

export interface OpenedClip {
  model: OpenedModel;
  tokenizer: ClipTokenizer;
  config: NonNullable<NativeVisionLanguageConfig['contrastive']>;
}

export interface OpenedBlip {
  model: OpenedModel;
  tokenizer: WordPiece;
  /** Id of the token that every caption begins with. */
  start: number;
  config: NonNullable<NativeVisionLanguageConfig['captioner']>;
}

/** @throws InvSegError the codes of `openModel`, `TOKENIZER_INVALID` */
export async function openClip(folder: string, trustCode: boolean): Promise<OpenedClip> {
  const model = await openModel('contrastive', folder, trustCode);
  const { picture, tokenizer } = model.manifest;
  const { length, ids } = tokenizer;
  const [imageEncoder, textEncoder] = [model.modules['imageEncoder']!, model.modules['textEncoder']!];
  checkFits(model.manifestFile, [lengthFit(textEncoder.weights, length, '.position_embedding.weight')]);
  const vocabulary = tableRows(textEncoder.weights, 'token_embedding.weight');
  return {
    model,
    tokenizer: await ClipTokenizer.load(model.tokenizerFolder, {
      length,
      ...ids,
      vocabulary,
      manifest: model.manifestFile,
    }),
    config: { imageEncoder, textEncoder, picture, length },
  };
}

/** @throws InvSegError the codes of `openModel`, `TOKENIZER_INVALID`; `MANIFEST_INVALID` for ids that the decoder does not have */
export async function openBlip(folder: string, trustCode: boolean): Promise<OpenedBlip> {
  const model = await openModel('captioner', folder, trustCode);
  const { picture, tokenizer } = model.manifest;
  const { length, ids } = tokenizer;
  const { start, end } = ids as { start: number; end: number };
  const [visionEncoder, textDecoder] = [model.modules['visionEncoder']!, model.modules['textDecoder']!];
  checkFits(model.manifestFile, [lengthFit(textDecoder.weights, length, '.position_embeddings.weight')]);
  const rows = tableRows(textDecoder.weights, 'word_embeddings.weight');
  for (const [name, id] of Object.entries({ start, end })) {
    if (rows !== undefined && id >= rows)
      throw new InvSegError(
        'MANIFEST_INVALID',
        `${model.manifestFile}: expected a number below ${rows}, the tokens of the text decoder, at tokenizer.${name} but found ${id}`,
      );
  }
  if (start === end)
    throw new InvSegError(
      'MANIFEST_INVALID',
      `${model.manifestFile}: expected different numbers at tokenizer.start and tokenizer.end but both are ${start}`,
    );
  return {
    model,
    tokenizer: await WordPiece.load(model.tokenizerFolder, rows),
    start,
    config: { visionEncoder, textDecoder, picture, length, end },
  };
}

/** Rows of a token table; undefined where the weights have none, which the engine refuses by name. */
function tableRows(weights: readonly TensorSource[], ending: string): number | undefined {
  return weights.find(({ name }) => name.endsWith(ending))?.shape[0];
}
