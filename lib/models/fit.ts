/**
 * Sizes that a manifest states, against the shapes in the headers of the weights. A wrong one would otherwise come up as
 * the shape of a matrix in the middle of the first picture.
 */
import { InvSegError } from '../errors.js';
import type { TensorSource } from '../native/index.js';
import type { BundleManifest, ModuleName } from './manifest.js';

/** One number of the manifest and the tensor that knows it. */
export interface Fit {
  /** Path in the manifest, such as `tokenizer.length`. */
  field: string;
  value: number;
  tensors: readonly TensorSource[];
  /** End of the tensor's name; one that the weights lack is the engine's to miss, by name. */
  ending: string;
  /** Axis of its shape, from 0, and the number of axes that such a tensor has. */
  axis: number;
  rank: number;
  /** What the axis is, as in "the input of the timestep embedding". */
  meaning: string;
  /** The manifest may also use a part of it. */
  atMost?: boolean;
}

/**
 * @param file of the manifest, for messages
 * @throws {InvSegError} `MANIFEST_INVALID` with the field, the tensor and its shape
 */
export function checkFits(file: string, fits: readonly Fit[]): void {
  for (const { field, value, tensors, ending, axis, rank, meaning, atMost = false } of fits) {
    const found = tensors.filter(({ name, shape }) => name.endsWith(ending) && shape.length === rank);
    const size = found[0]?.shape[axis];
    // Weights that contradict each other are at fault themselves; the engine compares each with its module.
    if (size === undefined || found.some(({ shape }) => shape[axis] !== size)) continue;
    if (value === size || (atMost && value < size)) continue;
    const wanted = `${atMost ? `at most ${size}` : size}, ${meaning},`;
    const { name, shape, file: weights } = found[0]!;
    throw invalid(
      file,
      `expected ${wanted} at ${field} but found ${value}\n  ${weights}: ${name} is ${shape.join(' × ')}`,
    );
  }
}

/** Positions of a text encoder; a shorter text than it can read is fine. */
export const lengthFit = (tensors: readonly TensorSource[], length: number, ending: string): Fit => ({
  field: 'tokenizer.length',
  value: length,
  tensors,
  ending,
  axis: 0,
  rank: 2,
  meaning: 'the positions that the text encoder has',
  atMost: true,
});

type Weights = Record<ModuleName, { tensors: readonly TensorSource[] }>;

/** @throws {InvSegError} `MANIFEST_INVALID` with the first field that does not fit the weights */
export function checkBundle(file: string, manifest: BundleManifest, { textEncoder, vaeEncoder, unet }: Weights): void {
  const { tokenizer, timeWidth, contextWidth } = manifest;
  const text = { tensors: textEncoder.tensors, rank: 2 };
  const net = { tensors: unet.tensors, rank: 2, axis: 1 };
  const time = { ...net, field: 'timeWidth', value: timeWidth };
  const context = { ...net, field: 'contextWidth', value: contextWidth };
  checkFits(file, [
    lengthFit(text.tensors, tokenizer.length, '.position_embedding.weight'),
    { ...time, ending: 'time_embedding.linear_1.weight', meaning: 'the input of the timestep embedding' },
    { ...context, ending: '.attn2.to_k.weight', meaning: 'the width of the text states that the U-Net takes' },
    { ...context, ...text, ending: '.token_embedding.weight', meaning: 'the width of the text states' },
  ]);
  checkLayers(file, manifest, unet.tensors);
  checkImage(file, manifest, vaeEncoder.tensors);
}

/** The layers of the manifest are those of the U-Net, each once; their order is the TorchScript's. */
function checkLayers(file: string, { layers }: BundleManifest, tensors: readonly TensorSource[]): void {
  // By any of its tensors: a single one that is missing is the weights' fault, which the engine names.
  const there = new Set(tensors.flatMap(({ name }) => /^(.+?)\.transformer_blocks\./.exec(name)?.[1] ?? []));
  if (there.size === 0) return; // another architecture: its engine knows
  const stated = new Set(layers.map(({ name }) => name));
  const invented = layers.findIndex(({ name }) => !there.has(name));
  const known = `\nThe layers are ${[...there].join(', ')}`;
  if (invented >= 0) {
    const found = JSON.stringify(layers[invented]!.name);
    const wanted = `an attention layer of the U-Net at layers[${invented}].name`;
    throw invalid(file, `expected ${wanted} but found ${found}${known}`);
  }
  const missing = [...there].filter((name) => !stated.has(name)).join(', ');
  if (missing === '') return;
  const all = `all ${there.size} attention layers of the U-Net at layers`;
  throw invalid(file, `expected ${all} but found none for ${missing}${known}`);
}

/** Each of the encoder's downsamplers halves the side. */
function checkImage(file: string, { image }: BundleManifest, tensors: readonly TensorSource[]): void {
  const halvings = tensors.filter(({ name }) => /\bdownsamplers\.\d+\.conv\.weight$/.test(name)).length;
  const size = image.latentSize * 2 ** halvings;
  if (halvings === 0 || image.size === size) return;
  const why = `since the encoder halves it ${halvings} times to latentSize ${image.latentSize}`;
  throw invalid(file, `expected ${size}, ${why}, at image.size but found ${image.size}`);
}

const invalid = (file: string, what: string): InvSegError => new InvSegError('MANIFEST_INVALID', `${file}: ${what}`);
