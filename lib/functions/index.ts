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

export interface AggregateInput {
  /** `self`: maps [side² × side²] become [size² × size²]; `cross`: maps [side² × K] become [size² × K]. */
  kind: 'self' | 'cross';
  /** One map a resolution, the mean over its layers and heads. */
  maps: readonly Float32Array[];
  /** Side of each map. */
  sides: readonly number[];
  /** Weight of each map; used as given. */
  weights: readonly number[];
  /** Side of the common frame. */
  size: number;
  /** Min-max each map before the sum (`cross` only); default false. */
  minMax?: boolean;
  /** Same shape as the value: asks for the gradients of Σ upstream · value. */
  upstream?: Float32Array;
}

/** Maps of several resolutions → one map in a common frame. */
export function aggregateAttention(input: AggregateInput): { value: Float32Array; gradients: Float32Array[] | null } {
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

export interface RefineInput {
  /** [points × points], rows of sum 1. */
  self: Float32Array;
  /** [points × categories] */
  cross: Float32Array;
  points: number;
  categories: number;
  /** Applications of `self`; default 1. */
  iterations?: number;
  /** [points × categories]: asks for the gradients of Σ upstream · value. */
  upstream?: Float32Array;
}

/** Eq. 2: min-max over the points of (self · cross), category by category. */
export function refineAttention(input: RefineInput): {
  value: Float32Array;
  selfGradient: Float32Array | null;
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

export interface ClusterInput {
  /** [points × points], rows of sum 1. */
  self: Float32Array;
  /** [points × categories] in [0, 1], refined. */
  maps: Float32Array;
  points: number;
  categories: number;
  /** Defaults as for a segmentation: 4, 0.5, `printed`. */
  anchorScale?: number;
  anchorCentre?: number;
  interPairs?: 'printed' | 'symmetric';
  /** Take the distance S as a constant; default false. */
  distanceConstant?: boolean;
}

/** Eq. 3–8: the contrastive soft clustering loss and its gradients. */
export function clusterLoss(input: ClusterInput): {
  loss: number;
  intra: number;
  inter: number;
  selfGradient: Float32Array;
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

export interface EntropyInput {
  /** [views × points × categories] in one frame. */
  maps: Float32Array;
  /** [views × points] 1 where the view covers the point, else 0. */
  coverage: Float32Array;
  views: number;
  points: number;
  categories: number;
  /** Defaults as for a segmentation. */
  normalise?: NativeEntropyOptions['normalise'];
  reduce?: NativeEntropyOptions['reduce'];
  region?: NativeEntropyOptions['region'];
}

const entropyTable = methodTable.loss.members.entropy.members;

/** Entropy of the mean of the views' maps, and its gradient. */
export function entropyLoss(input: EntropyInput): { loss: number; gradient: Float32Array } {
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

export interface AdamInput {
  /** Any shape; the other arrays have the same. */
  parameter: Float32Array;
  gradient: Float32Array;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
  /** From 1. */
  step: number;
  /** Defaults as for a segmentation: 0.01, 0.9, 0.999, 1e-8. */
  learningRate?: number;
  beta1?: number;
  beta2?: number;
  eps?: number;
}

/** One Adam update with bias correction; new arrays, the given ones stay as they are. */
export function adamStep(input: AdamInput): {
  parameter: Float32Array;
  firstMoment: Float32Array;
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
