/** The engine against transformers on small random configurations (scripts/parity/vision_language_goldens.py). */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativePictureConfig, NativeVisionLanguage } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';
import { ClipTokenizer } from '../../lib/text/tokenizer.js';
import { VisionLanguage } from '../../lib/vision-language/index.js';
import { openModel } from '../../lib/vision-language/model.js';
import { tokenizeTexts } from '../../lib/vision-language/texts.js';
import { WordPiece } from '../../lib/vision-language/wordpiece.js';
import { golden, makeBlip, makeClip, makePicture } from './made.js';

const { binding } = loadBinding();
/** The tiny captioner's start token. */
const START = 1198;
const engineOptions = { device: 'cpu', dtype: 'float32', threads: 1 } as const;

/** The largest difference, relative to the largest value that is expected. */
function difference(actual: Iterable<number>, expected: number[]): number {
  const values = [...actual];
  if (values.length !== expected.length) throw new Error(`${values.length} values, ${expected.length} expected`);
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - expected[i]!))) / scale;
}

describe('pictures', () => {
  const published: Record<'clip' | 'blip', NativePictureConfig> = {
    clip: { size: 224, crop: true, mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) },
    blip: { size: 384, crop: false, mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) },
  };

  for (const picture of golden.pictures) {
    for (const name of ['clip', 'blip'] as const) {
      test(`${picture.width} × ${picture.height} for ${name} is what Pillow makes, to the byte`, () => {
        const { data, width, height } = makePicture(picture.seed);
        const pixels = binding.picturePixels(data, width, height, published[name]);
        const bytes = Uint8Array.from(pixels, (value) => Math.round(value * 255));
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(picture[name]);
      });
    }
  }

  test('mean and deviation', () => {
    const data = Uint8Array.of(0, 51, 255);
    const pixels = binding.picturePixels(data, 1, 1, {
      size: 1,
      crop: false,
      mean: Float32Array.of(0.5, 0.2, 0),
      deviation: Float32Array.of(0.5, 1, 2),
    });
    expect([...pixels]).toEqual([-1, expect.closeTo(0, 6), 0.5]);
  });

  test('a picture that would need gigabytes between the passes is refused', () => {
    const data = new Uint8Array(3 * 2 ** 20);
    expect(() => binding.picturePixels(data, 1, 2 ** 20, published.blip)).toThrow(
      expect.objectContaining({ code: 'IMAGE_INVALID' }),
    );
    expect(binding.picturePixels(data, 1, 2 ** 20, published.clip)).toHaveLength(3 * 224 * 224); // the crop needs few rows
  });
});

describe('CLIP', () => {
  const { clip } = golden;
  let native: NativeVisionLanguage;
  let models: VisionLanguage;
  let tokenizer: ClipTokenizer;

  beforeAll(async () => {
    const folder = await makeClip();
    models = await VisionLanguage.open({ clip: folder, ...engineOptions, trustCode: true });
    const { modules, manifest, tokenizerFolder } = await openModel('contrastive', folder, true);
    tokenizer = await ClipTokenizer.load(tokenizerFolder, { length: 24, ...manifest.tokenizer.ids });
    native = await binding.openVisionLanguage({
      contrastive: {
        imageEncoder: modules['imageEncoder']!,
        textEncoder: modules['textEncoder']!,
        picture: manifest.picture,
        length: 24,
      },
      captioner: null,
      ...engineOptions,
      checkFinite: true,
    });
  });
  afterAll(() => Promise.all([models.dispose(), native.dispose()]));

  test('hidden states of a picture', async () => {
    const { data, width, height } = makePicture(1);
    const states = await native.imageStates('contrastive', data, width, height);
    expect(difference(states, clip.imageStates.flat())).toBeLessThan(1e-5);
  });

  test('embeddings of pictures', async () => {
    for (const [i, expected] of clip.imageEmbeddings.entries()) {
      const embedding = await models.imageEmbedding(makePicture(i + 1));
      expect(difference(embedding, expected)).toBeLessThan(1e-5);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 6);
    }
  });

  test('ids, states and embeddings of texts', async () => {
    const { ids, ends, length } = tokenizeTexts(tokenizer, clip.texts, 'text');
    expect([...ids]).toEqual(clip.ids.flat());
    const states = await native.textStates(ids, ends, length);
    const expected = clip.textStates.flat();
    expect(difference(states.subarray(0, expected.length), expected)).toBeLessThan(1e-5);
    const embeddings = await models.textEmbeddings(clip.texts);
    clip.textEmbeddings.forEach((expected, i) => expect(difference(embeddings[i]!, expected)).toBeLessThan(1e-5));
  });

  test('more texts than a batch holds, and none', async () => {
    const many = Array.from({ length: 150 }, (_, i) => clip.texts[i % clip.texts.length]!);
    const embeddings = await models.textEmbeddings(many);
    expect(embeddings).toHaveLength(150);
    embeddings.forEach((own, i) =>
      expect(difference(own, clip.textEmbeddings[i % clip.texts.length]!)).toBeLessThan(1e-5),
    );
    expect(await models.textEmbeddings([])).toEqual([]);
    expect(await models.wordStates([])).toEqual([]);
  });

  test('states of words are the mean over their own tokens, alone or with longer words', async () => {
    const together = await models.wordStates(clip.words);
    for (const [i, word] of clip.words.entries()) {
      const [alone] = await models.wordStates([word]);
      for (const states of [alone!, together[i]!]) {
        expect(difference(states, clip.wordStates[i]!)).toBeLessThan(1e-5);
      }
    }
  });
});

describe.each(['tied', 'untied'] as const)('BLIP with a head that is %s to the token table', (kind) => {
  let models: VisionLanguage;
  let native: NativeVisionLanguage;
  let wordPiece: WordPiece;

  beforeAll(async () => {
    const folder = await makeBlip(kind === 'tied');
    models = await VisionLanguage.open({ blip: folder, ...engineOptions, trustCode: true });
    const { modules, manifest, tokenizerFolder } = await openModel('captioner', folder, true);
    wordPiece = await WordPiece.load(tokenizerFolder);
    native = await binding.openVisionLanguage({
      contrastive: null,
      captioner: {
        visionEncoder: modules['visionEncoder']!,
        textDecoder: modules['textDecoder']!,
        picture: manifest.picture,
        length: 40,
        end: 3,
      },
      ...engineOptions,
      checkFinite: true,
    });
  });
  afterAll(() => Promise.all([models.dispose(), native.dispose()]));

  if (kind === 'tied') {
    test('hidden states of a picture', async () => {
      const { data, width, height } = makePicture(1);
      const states = await native.imageStates('captioner', data, width, height);
      expect(difference(states, golden.tied.states.flat())).toBeLessThan(1e-5);
    });
  }

  test('the same tokens, scores and texts as transformers', async () => {
    for (const { seed, prefix, beams, maxLength, tokens, score, text } of golden[kind].captions) {
      const picture = makePicture(seed);
      const prompt = Int32Array.of(START, ...wordPiece.encode(prefix));
      const { data, width, height } = picture;
      const [found] = await native.captions(data, width, height, [prompt], beams, maxLength);
      expect([...found!.tokens]).toEqual(tokens);
      if (score !== undefined) expect(found!.score).toBeCloseTo(score, 4);
      expect(await models.captions(picture, [prefix], { beams, maxLength })).toEqual([text]);
    }
  });

  test('several prefixes of one picture are what each gives alone', async () => {
    const own = golden[kind].captions.filter(({ seed, beams }) => seed === 2 && beams === 3);
    const texts = await models.captions(
      makePicture(2),
      own.map(({ prefix }) => prefix),
    );
    expect(texts).toEqual(own.map(({ text }) => text));
    expect(await models.captions(makePicture(2), [])).toEqual([]);
  });
});
