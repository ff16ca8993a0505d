/**
 * The paper's pure functions, each for itself: typed arrays in and out, row-major, fp32. They run on the CPU in the calling
 * thread. All throw `INVALID_OPTION` for a wrong value, `SHAPE_MISMATCH` for a wrong length, and the codes of a missing
 * set-up.
 */

import { flag, integer, number, oneOf, refuse, rejectUnknown } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { NativeEntropyOptions } from '../native/index.js';
import { loadBinding } from '../native/index.js';
import { defaults, methodTable } from '../options/index.js';
import { array, count, optionalArray, real } from './checks.js';

const native = () => loadBinding().binding;

/** What `aggregateAttention` takes. */
export interface AggregateInput {
  /** `self`: maps [side² × side²] become [size² × size²]; `cross`: maps [side² × K] become [size² × K]. */
  kind: 'self' | 'cross';
  /** One map per resolution, the mean over its layers and heads; row-major. */
  maps: readonly Float32Array[];
  /** Side of each map in points, 1–1024. */
  sides: readonly number[];
  /** Weight of each map; used as given. */
  weights: readonly number[];
  /** Side of the common frame in points, 1–1024. */
  size: number;
  /** Min-max each map before the sum (`cross` only); default false. */
  minMax?: boolean;
  /** Of the shape of `value`: asks for the gradients of Σ upstream · value. */
  upstream?: Float32Array;
}

/**
 * Brings attention maps of several resolutions into one frame and adds them up with weights.
 *
 * @param input maps [side² × side²] (`self`) or [side² × K] (`cross`), their sides and weights, and the side of the
 * frame
 * @returns the weighted sum in the frame, and with `upstream` the gradient of each map
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`; `LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
 * `ADDON_LOAD_FAILED`
 * @example
 * ```ts
 * import { aggregateAttention } from 'invseg-native';
 *
 * const coarse = Float32Array.of(0.1, 0.9, 0.2, 0.8); // 2 × 2 points, one token
 * const fine = new Float32Array(16).fill(0.5); // 4 × 4 points
 * const { value } = aggregateAttention({ kind: 'cross', maps: [coarse, fine], sides: [2, 4], weights: [0.7, 0.3], size: 4 });
 * console.log(value.length); // 16
 * ```
 */
export function aggregateAttention(input: AggregateInput): {
  /** [size² × size²] for `self`, [size² × K] for `cross`. */
  value: Float32Array;
  /** One per map and of its shape, with `upstream`; else null. */
  gradients: Float32Array[] | null;
} {
  rejectUnknown(input, ['kind', 'maps', 'sides', 'weights', 'size', 'minMax', 'upstream']);
  const { kind, maps, sides, weights, minMax = false } = input;
  oneOf('self', 'cross').read(kind, 'kind');
  flag.read(minMax, 'minMax');
  if (!Array.isArray(maps) || maps.length === 0) refuse('maps', 'a list of Float32Arrays', maps);
  const size = integer(1, 1024).read(input.size, 'size');
  const resolutions = list(sides, 'sides', maps.length).map((side, i) => integer(1, 1024).read(side, `sides[${i}]`));
  const shares = list(weights, 'weights', maps.length).map((weight, i) => real(weight, `weights[${i}]`));
  // At least one: an array without values, or whose buffer was transferred, has a wrong length.
  const columns = kind === 'cross' ? Math.max(1, Math.floor((maps[0]?.length ?? 0) / (resolutions[0] ?? 1) ** 2)) : 0;
  maps.forEach((map, i) => {
    const side = resolutions[i]!;
    const width = kind === 'self' ? side ** 2 : columns;
    array(map, `maps[${i}]`, side ** 2 * width, kind === 'self' ? `[${side}² × ${side}²]` : `[${side}² × ${columns}]`);
  });
  const values = size ** 2 * (kind === 'self' ? size ** 2 : columns);
  const upstream = optionalArray(input.upstream, 'upstream', values, '[size² × …]');
  const [sideArray, weightArray] = [Int32Array.from(resolutions), Float32Array.from(shares)];
  return native().aggregateAttention(kind, [...maps], sideArray, weightArray, size, minMax, upstream);
}

function list(value: readonly number[], name: string, length: number): readonly number[] {
  if (!Array.isArray(value)) refuse(name, 'a list of numbers', value);
  if (value.length !== length) {
    throw new InvSegError(
      'SHAPE_MISMATCH',
      `Expected ${length} values, one a map, for ${name} but received ${value.length}`,
    );
  }
  return value;
}

/** What `refineAttention` takes. */
export interface RefineInput {
  /** Self-attention [points × points], rows of sum 1. */
  self: Float32Array;
  /** Cross-attention [points × categories]. */
  cross: Float32Array;
  /** Points of the frame, side². */
  points: number;
  /** Categories, the background among them. */
  categories: number;
  /** Applications of `self`, 1–16; default 1. */
  iterations?: number;
  /** Shape [points × categories]; asks for the gradients of Σ upstream · value. */
  upstream?: Float32Array;
}

/**
 * Refines cross-attention by self-attention (eq. 2): min-max over the points of self · cross, category by category.
 *
 * @param input both maps, row-major, and their sizes
 * @returns refined maps, and with `upstream` both gradients
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`; `LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
 * `ADDON_LOAD_FAILED`
 * @example
 * ```ts
 * import { refineAttention } from 'invseg-native';
 *
 * const self = Float32Array.of(0.8, 0.2, 0.3, 0.7); // two points
 * const cross = Float32Array.of(0.9, 0.1, 0.4, 0.6); // two categories
 * const { value } = refineAttention({ self, cross, points: 2, categories: 2 });
 * console.log(value); // 1, 0, 0, 1: each category from 0 to 1
 * ```
 */
export function refineAttention(input: RefineInput): {
  /** [points × categories] in [0, 1]. */
  value: Float32Array;
  /** [points × points] with `upstream`, else null. */
  selfGradient: Float32Array | null;
  /** [points × categories] with `upstream`, else null. */
  crossGradient: Float32Array | null;
} {
  rejectUnknown(input, ['self', 'cross', 'points', 'categories', 'iterations', 'upstream']);
  const points = count(input.points, 'points');
  const categories = count(input.categories, 'categories');
  const self = array(input.self, 'self', points ** 2, '[points × points]');
  const cross = array(input.cross, 'cross', points * categories, '[points × categories]');
  const upstream = optionalArray(input.upstream, 'upstream', points * categories, '[points × categories]');
  const iterations = integer(1, 16).read(input.iterations ?? 1, 'iterations');
  return native().refineAttention(self, cross, points, categories, iterations, upstream);
}

/** What `clusterLoss` takes. */
export interface ClusterInput {
  /** Self-attention [points × points], rows of sum 1. */
  self: Float32Array;
  /** Refined maps [points × categories] in [0, 1]. */
  maps: Float32Array;
  /** Points of the frame, side². */
  points: number;
  /** Categories, the background among them. */
  categories: number;
  /** Slope of the anchors' sigmoid (eq. 5); default 4. */
  anchorScale?: number;
  /** Centre of the anchors' sigmoid (eq. 5); default 0.5. */
  anchorCentre?: number;
  /** Pairs of eq. 7, see `LossOptions.interPairs`; default `printed`. */
  interPairs?: 'printed' | 'symmetric';
  /** Takes the distance S as a constant, so that no gradient passes through it; default false. */
  distanceConstant?: boolean;
}

/**
 * The contrastive soft clustering loss (eq. 3 to 8) and its gradients.
 *
 * @param input self-attention and refined maps, row-major, their sizes, and the loss's settings
 * @returns the loss, its two parts, and the gradients of `self` and `maps`
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`; `LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
 * `ADDON_LOAD_FAILED`
 * @example
 * ```ts
 * import { clusterLoss } from 'invseg-native';
 *
 * const self = Float32Array.of(0.8, 0.2, 0.3, 0.7);
 * const maps = Float32Array.of(1, 0, 0, 1);
 * const { loss, mapsGradient } = clusterLoss({ self, maps, points: 2, categories: 2 });
 * console.log(loss, mapsGradient.length); // …, 4
 * ```
 */
export function clusterLoss(input: ClusterInput): {
  /** Eq. 8. */
  loss: number;
  /** Mean distance inside a category (eq. 6). */
  intra: number;
  /** Mean distance between categories (eq. 7). */
  inter: number;
  /** [points × points] */
  selfGradient: Float32Array;
  /** [points × categories] */
  mapsGradient: Float32Array;
} {
  rejectUnknown(input, [
    'self',
    'maps',
    'points',
    'categories',
    'anchorScale',
    'anchorCentre',
    'interPairs',
    'distanceConstant',
  ]);
  const points = count(input.points, 'points');
  const categories = count(input.categories, 'categories');
  return native().clusterLoss(
    array(input.self, 'self', points ** 2, '[points × points]'),
    array(input.maps, 'maps', points * categories, '[points × categories]'),
    points,
    categories,
    real(input.anchorScale ?? defaults.loss.anchorScale, 'anchorScale'),
    real(input.anchorCentre ?? defaults.loss.anchorCentre, 'anchorCentre'),
    oneOf('printed', 'symmetric').read(input.interPairs ?? defaults.loss.interPairs, 'interPairs'),
    flag.read(input.distanceConstant ?? false, 'distanceConstant'),
  );
}

/** What `entropyLoss` takes. */
export interface EntropyInput {
  /** Maps of all views in one frame, [views × points × categories] in [0, 1]. */
  maps: Float32Array;
  /** [views × points] 1 where the view covers the point, else 0. */
  coverage: Float32Array;
  /** Crops of the image. */
  views: number;
  /** Points of the frame, side². */
  points: number;
  /** Categories, the background among them. */
  categories: number;
  /** What is done over the categories first, see `EntropyOptions`; default `none`. */
  normalise?: NativeEntropyOptions['normalise'];
  /** How the points become one number; default `mean`. */
  reduce?: NativeEntropyOptions['reduce'];
  /** Which points count: covered by some view (default), or by every view (`overlap`). */
  region?: NativeEntropyOptions['region'];
}

const entropyTable = methodTable.loss.members.entropy.members;

/**
 * The entropy of the mean of the views' maps, which is low where the views agree, and its gradient.
 *
 * @param input maps and coverage, row-major, their sizes, and the loss's settings
 * @returns the loss and the gradient of `maps`
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`; `LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
 * `ADDON_LOAD_FAILED`
 * @example
 * ```ts
 * import { entropyLoss } from 'invseg-native';
 *
 * const maps = Float32Array.of(0.9, 0.1, 0.8, 0.2); // two views of one point, two categories
 * const { loss } = entropyLoss({ maps, coverage: Float32Array.of(1, 1), views: 2, points: 1, categories: 2 });
 * console.log(loss);
 * ```
 */
export function entropyLoss(input: EntropyInput): {
  /** In nats. */
  loss: number;
  /** [views × points × categories] */
  gradient: Float32Array;
} {
  rejectUnknown(input, ['maps', 'coverage', 'views', 'points', 'categories', 'normalise', 'reduce', 'region']);
  const views = count(input.views, 'views');
  const points = count(input.points, 'points');
  const categories = count(input.categories, 'categories');
  const { normalise, reduce, region } = { ...defaults.loss.entropy, ...input };
  return native().entropyLoss(
    array(input.maps, 'maps', views * points * categories, '[views × points × categories]'),
    array(input.coverage, 'coverage', views * points, '[views × points]'),
    views,
    points,
    categories,
    {
      normalise: entropyTable.normalise.rule.read(normalise, 'normalise'),
      reduce: entropyTable.reduce.rule.read(reduce, 'reduce'),
      region: entropyTable.region.rule.read(region, 'region'),
    },
  );
}

/** What `adamStep` takes. The four arrays have one length. */
export interface AdamInput {
  /** What is learnt; any shape, the other arrays have the same. */
  parameter: Float32Array;
  /** Of the loss by the parameter. */
  gradient: Float32Array;
  /** Running mean of the gradient; zeros before the first step. */
  firstMoment: Float32Array;
  /** Running mean of the squared gradient; zeros before the first step. */
  secondMoment: Float32Array;
  /** Number of this step, from 1. */
  step: number;
  /** Above 0; default 0.01. */
  learningRate?: number;
  /** Decay of the first moment, at least 0 and below 1; default 0.9. */
  beta1?: number;
  /** Decay of the second moment, at least 0 and below 1; default 0.999. */
  beta2?: number;
  /** Guard of the denominator, above 0; default 1e-8. */
  eps?: number;
}

/**
 * One step of Adam with bias correction, as the loop makes it on the prompt's embeddings. The given arrays stay as
 * they are.
 *
 * @param input parameter, gradient and moments of one length, the number of the step, and Adam's settings
 * @returns new arrays of the same length
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`; `LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
 * `ADDON_LOAD_FAILED`
 * @example
 * ```ts
 * import { type AdamInput, adamStep } from 'invseg-native';
 *
 * const zero = Float32Array.of(0);
 * let state: Omit<AdamInput, 'gradient' | 'step'> = { parameter: Float32Array.of(1), firstMoment: zero, secondMoment: zero };
 * for (let step = 1; step <= 10; step++) {
 *   const gradient = state.parameter.map((x) => 2 * x); // of x²
 *   state = adamStep({ ...state, gradient, step, learningRate: 0.1 });
 * }
 * console.log(state.parameter[0]); // close to 0
 * ```
 */
export function adamStep(input: AdamInput): {
  /** After the step. */
  parameter: Float32Array;
  /** For the next step. */
  firstMoment: Float32Array;
  /** For the next step. */
  secondMoment: Float32Array;
} {
  const arrays = ['parameter', 'gradient', 'firstMoment', 'secondMoment'] as const;
  rejectUnknown(input, [...arrays, 'step', 'learningRate', 'beta1', 'beta2', 'eps']);
  const length = Math.max(1, input.parameter?.length ?? 0);
  const [parameter, gradient, first, second] = arrays.map((name) => array(input[name], name, length, '[parameter]'));
  const decay = number({ min: 0, below: 1 });
  return native().adamStep(
    parameter!,
    gradient!,
    first!,
    second!,
    integer(1, 0x7fffffff).read(input.step, 'step'),
    number({ above: 0 }).read(input.learningRate ?? defaults.adam.learningRate, 'learningRate'),
    decay.read(input.beta1 ?? defaults.adam.beta1, 'beta1'),
    decay.read(input.beta2 ?? defaults.adam.beta2, 'beta2'),
    number({ above: 0 }).read(input.eps ?? defaults.adam.eps, 'eps'),
  );
}
