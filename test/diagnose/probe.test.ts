/** The probe on attention whose right answer is known. */
import { describe, expect, it } from 'vitest';
import { compareLosses } from '../../lib/diagnose/probe.js';
import { defaults } from '../../lib/index.js';

const SIDE = 8;
const POINTS = SIDE * SIDE;

/** Self-attention that is uniform within each region, with a little everywhere. */
function attentionOf(region: (point: number) => number): Float32Array {
  const self = new Float32Array(POINTS * POINTS);
  for (let i = 0; i < POINTS; i++) {
    const row = Float32Array.from({ length: POINTS }, (_, j) => (region(i) === region(j) ? 1 : 0.05));
    const sum = row.reduce((a, b) => a + b, 0);
    self.set(
      row.map((value) => value / sum),
      i * POINTS,
    );
  }
  return self;
}

/** [points × 2]: `object` against the background. */
const mapsOf = (object: (point: number) => number): Float32Array =>
  Float32Array.from({ length: 2 * POINTS }, (_, k) => (k % 2 === 0 ? object(k >> 1) : 1 - object(k >> 1)));

const left = (point: number): number => (point % SIDE < SIDE / 2 ? 1 : 0);
const upper = (point: number): number => (point < POINTS / 2 ? 1 : 0);
/** Mostly right: the left half, and a stripe too much. */
const nearly = (point: number): number => (point % SIDE < SIDE / 2 ? 0.9 : point % SIDE === SIDE / 2 ? 0.6 : 0.1);

describe('compareLosses', () => {
  it('finds the truth lower, and a step that leads there, where the self-attention knows the regions', () => {
    const { losses, direction } = compareLosses(
      { side: SIDE, categories: 2, self: attentionOf(left), refined: mapsOf(nearly) },
      mapsOf(left),
      2,
      defaults,
    );
    expect(losses.truth.total).toBeLessThan(losses.hard.total);
    expect(losses['refined truth'].total).toBeLessThan(losses.soft.total);
    expect(losses.truth.total).toBeLessThan(losses['shifted truth'].total);
    expect(direction).toBeGreaterThan(0);
  });

  it('finds the prediction lower where the self-attention knows other regions', () => {
    const { losses } = compareLosses(
      { side: SIDE, categories: 2, self: attentionOf(upper), refined: mapsOf(upper) },
      mapsOf(left),
      2,
      defaults,
    );
    expect(losses.truth.total).toBeGreaterThan(losses.hard.total);
  });

  it('lets no ignored point count for the prediction', () => {
    const seen = { side: SIDE, categories: 2, self: attentionOf(left), refined: mapsOf(left) };
    const truth = mapsOf(left).map((value, k) => (k >> 1 < SIDE ? 0 : value)); // the first row is ignored
    const { losses } = compareLosses(seen, truth, 2, defaults);
    expect(losses.truth).toEqual(losses.hard);
  });

  it('knows the background of a rule, which has no map, from what is ignored', () => {
    const object = Float32Array.from({ length: POINTS }, (_, point) => (left(point) ? 0.9 : 0.3));
    const seen = { side: SIDE, categories: 1, self: attentionOf(left), refined: object };
    const rule = (threshold: number) => ({
      ...defaults,
      background: { ...defaults.background, rule: 'threshold' as const, threshold },
    });
    const right = compareLosses(seen, mapsOf(left), 2, rule(0.5));
    expect(right.losses.hard).toEqual(right.losses.truth);
    // Without a background in the prediction the whole picture is the object's.
    const wrong = compareLosses(seen, mapsOf(left), 2, rule(0.1));
    expect(wrong.losses.hard).not.toEqual(wrong.losses.truth);
    expect(Object.values(right.losses).every(({ total }) => Number.isFinite(total))).toBe(true);
  });

  it('refines the truth as often as the maps', () => {
    const seen = {
      side: SIDE,
      categories: 2,
      self: attentionOf((point) => upper(point) + 2 * left(point)),
      refined: mapsOf(nearly),
    };
    const [once, twice] = [1, 2].map(
      (refineIterations) =>
        compareLosses(seen, mapsOf(nearly), 2, { ...defaults, attention: { ...defaults.attention, refineIterations } })
          .losses,
    );
    expect(twice!['refined truth']).not.toEqual(once!['refined truth']);
    expect(twice!.soft).toEqual(once!.soft);
  });

  it('knows no direction where nothing has a slope', () => {
    const seen = { side: SIDE, categories: 2, self: attentionOf(left), refined: mapsOf(nearly) };
    expect(
      compareLosses(seen, mapsOf(left), 2, { ...defaults, loss: { ...defaults.loss, clusterWeight: 0, alpha: 0 } })
        .direction,
    ).toBeNull();
  });

  it('adds the parts of the loss with their weights', () => {
    const seen = { side: SIDE, categories: 2, self: attentionOf(left), refined: mapsOf(nearly) };
    const { losses } = compareLosses(seen, mapsOf(left), 2, {
      ...defaults,
      loss: { ...defaults.loss, clusterWeight: 2, alpha: 3 },
    });
    for (const loss of Object.values(losses)) expect(loss.total).toBeCloseTo(2 * loss.cluster + 3 * loss.entropy, 5);
    expect(losses.hard.entropy).toBeLessThan(losses.soft.entropy);
  });
});
