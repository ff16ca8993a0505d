import { describe, expect, it } from 'vitest';
import { adamStep, aggregateAttention, clusterLoss, entropyLoss, refineAttention } from '../../lib/index.js';

const failed = (code: string) => expect.objectContaining({ name: 'InvSegError', code });
const identity = (n: number) => Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

describe('aggregateAttention', () => {
  it('of one map in its own frame is that map', () => {
    const map = Float32Array.from({ length: 4 * 3 }, (_, i) => i / 12);
    const { value, gradients } = aggregateAttention({ kind: 'cross', maps: [map], sides: [2], weights: [1], size: 2 });
    value.forEach((x, i) => expect(x).toBeCloseTo(map[i]!, 6));
    expect(gradients).toBeNull();
  });

  it('keeps rows of self-attention at sum 1 in a finer frame', () => {
    const { value } = aggregateAttention({
      kind: 'self',
      maps: [new Float32Array(16).fill(0.25), new Float32Array(256).fill(1 / 16)],
      sides: [2, 4],
      weights: [0.5, 0.5],
      size: 4,
    });
    expect(value).toHaveLength(256);
    for (let row = 0; row < 16; row++)
      expect(value.subarray(row * 16, row * 16 + 16).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  it.each([
    [{ kind: 'both' }, 'INVALID_OPTION'],
    [{ maps: [new Float32Array(5)] }, 'SHAPE_MISMATCH'],
    [{ maps: [[1, 2, 3, 4]] }, 'INVALID_OPTION'],
    [{ maps: 'none' }, 'INVALID_OPTION'],
    [{ maps: [] }, 'INVALID_OPTION'],
    [{ sides: [2, 2] }, 'SHAPE_MISMATCH'],
    [{ weights: [NaN] }, 'INVALID_OPTION'],
    [{ size: 0 }, 'INVALID_OPTION'],
    [{ upstream: new Float32Array(3) }, 'SHAPE_MISMATCH'],
    [{ wieghts: [1] }, 'INVALID_OPTION'],
  ])('refuses %o', (over, code) => {
    const input = { kind: 'cross', maps: [new Float32Array(4)], sides: [2], weights: [1], size: 2, ...over };
    expect(() => aggregateAttention(input as never)).toThrow(failed(code));
  });
});

describe('refineAttention', () => {
  it('with the identity is a min-max', () => {
    const cross = Float32Array.of(0, 4, 1, 8, 2, 6);
    const { value } = refineAttention({ self: identity(3), cross, points: 3, categories: 2 });
    [0, 0, 0.5, 1, 1, 0.5].forEach((expected, i) => expect(value[i]).toBeCloseTo(expected, 5));
  });

  it('gives gradients when asked', () => {
    const cross = Float32Array.of(0, 1, 2);
    const { crossGradient, selfGradient } = refineAttention({
      self: identity(3),
      cross,
      points: 3,
      categories: 1,
      upstream: Float32Array.of(0, 1, 0),
    });
    expect([crossGradient?.length, selfGradient?.length]).toEqual([3, 9]);
    expect(crossGradient![1]).toBeCloseTo(0.5, 4);
  });

  it.each([
    [{ self: new Float32Array(8) }, 'SHAPE_MISMATCH'],
    [{ cross: new Float64Array(6) }, 'INVALID_OPTION'],
    [{ points: 1.5 }, 'INVALID_OPTION'],
    [{ iterations: 0 }, 'INVALID_OPTION'],
  ])('refuses %o', (over, code) => {
    const input = { self: identity(3), cross: new Float32Array(6), points: 3, categories: 2, ...over };
    expect(() => refineAttention(input as never)).toThrow(failed(code));
  });
});

describe('losses', () => {
  it('equal rows have no distance', () => {
    const self = new Float32Array(16).fill(0.25);
    const { loss, intra, inter } = clusterLoss({
      self,
      maps: Float32Array.of(0, 1, 1, 0, 0.5, 0.2, 0.3, 1),
      points: 4,
      categories: 2,
    });
    for (const value of [loss, intra, inter]) expect(value).toBeCloseTo(0, 5);
  });

  it('entropy is that of a known distribution', () => {
    const maps = Float32Array.of(0.5, 0.5, 0.5, 0.5);
    const { loss, gradient } = entropyLoss({
      maps,
      coverage: Float32Array.of(1, 1),
      views: 1,
      points: 2,
      categories: 2,
    });
    expect(loss).toBeCloseTo(Math.log(2), 4);
    expect(gradient).toHaveLength(4);
  });

  it.each([
    [() => clusterLoss({ self: identity(2), maps: new Float32Array(3), points: 2, categories: 2 }), 'SHAPE_MISMATCH'],
    [
      () =>
        clusterLoss({
          self: identity(2),
          maps: new Float32Array(4),
          points: 2,
          categories: 2,
          interPairs: 'x' as never,
        }),
      'INVALID_OPTION',
    ],
    [
      () =>
        entropyLoss({ maps: new Float32Array(4), coverage: new Float32Array(1), views: 1, points: 2, categories: 2 }),
      'SHAPE_MISMATCH',
    ],
    [
      () =>
        entropyLoss({
          maps: new Float32Array(4),
          coverage: new Float32Array(2),
          views: 1,
          points: 2,
          categories: 2,
          reduce: 'max' as never,
        }),
      'INVALID_OPTION',
    ],
  ])('%#: refused', (call, code) => {
    expect(call).toThrow(failed(code));
  });
});

describe('adamStep', () => {
  it('moves by the learning rate at first, and leaves its input alone', () => {
    const parameter = Float32Array.of(1, -1);
    const zeros = new Float32Array(2);
    const next = adamStep({
      parameter,
      gradient: Float32Array.of(3, -0.1),
      firstMoment: zeros,
      secondMoment: zeros,
      step: 1,
    });
    expect(next.parameter[0]).toBeCloseTo(0.99, 5);
    expect(next.parameter[1]).toBeCloseTo(-0.99, 5);
    expect([...parameter, ...zeros]).toEqual([1, -1, 0, 0]);
  });

  it.each([
    [{ step: 0 }, 'INVALID_OPTION'],
    [{ gradient: new Float32Array(3) }, 'SHAPE_MISMATCH'],
    [{ beta1: 1 }, 'INVALID_OPTION'],
    [{ learningRate: -1 }, 'INVALID_OPTION'],
    [{ eps: 0 }, 'INVALID_OPTION'],
    [{ parameter: undefined }, 'INVALID_OPTION'],
  ])('refuses %o', (over, code) => {
    const arrays = Object.fromEntries(
      ['parameter', 'gradient', 'firstMoment', 'secondMoment'].map((name) => [name, new Float32Array(2)]),
    );
    expect(() => adamStep({ ...arrays, step: 1, ...over } as never)).toThrow(failed(code));
  });
});

describe('arrays that are no longer there', () => {
  const gone = (length: number): Float32Array => {
    const array = new Float32Array(length);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };
  const moments = {
    gradient: new Float32Array(2),
    firstMoment: new Float32Array(2),
    secondMoment: new Float32Array(2),
  };

  it.each([
    [
      'aggregateAttention, self',
      () => aggregateAttention({ kind: 'self', maps: [gone(16)], sides: [2], weights: [1], size: 2 }),
    ],
    [
      'aggregateAttention, cross',
      () => aggregateAttention({ kind: 'cross', maps: [gone(8)], sides: [2], weights: [1], size: 2 }),
    ],
    ['refineAttention', () => refineAttention({ self: gone(9), cross: new Float32Array(6), points: 3, categories: 2 })],
    ['clusterLoss', () => clusterLoss({ self: identity(2), maps: gone(4), points: 2, categories: 2 })],
    [
      'entropyLoss',
      () => entropyLoss({ maps: gone(4), coverage: new Float32Array(2), views: 1, points: 2, categories: 2 }),
    ],
    ['adamStep', () => adamStep({ parameter: gone(2), ...moments, step: 1 })],
    [
      'adamStep of nothing',
      () => adamStep({ parameter: gone(2), gradient: gone(2), firstMoment: gone(2), secondMoment: gone(2), step: 1 }),
    ],
  ])('are refused by %s', (_, call) => {
    expect(call).toThrow(failed('SHAPE_MISMATCH'));
    expect(call).toThrow(/transferred to another thread/);
  });

  it.each([aggregateAttention, refineAttention, clusterLoss, entropyLoss, adamStep])(
    '%o refuses what is no object',
    (call) => {
      for (const input of [null, undefined, 7, 'x', Object.create(null)])
        expect(() => (call as (input: unknown) => unknown)(input)).toThrow(failed('INVALID_OPTION'));
    },
  );
});
