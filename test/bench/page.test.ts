import { describe, expect, it } from 'vitest';
import { countedStages } from '../../lib/bench/counted.js';
import type { BenchReport } from '../../lib/bench/index.js';
import { renderBench } from '../../lib/bench/index.js';

const report = (more: Partial<BenchReport> = {}): BenchReport => ({
  format: 'invseg-bench/1',
  date: '2026-11-26T10:00:00.000Z',
  host: { platform: 'linux-x64', cpu: 'A <b>processor</b>', cores: 2, node: 'v20' },
  model: { name: 'stable-diffusion-2.1', version: '1', random: true },
  device: 'cuda:0',
  deviceName: 'A device',
  dtype: 'float16',
  picture: { width: 640, height: 480, hash: 'x' },
  categories: ['cat', '<script>', 'background'],
  options: { method: 'invseg', steps: 10, views: { count: 2, fresh: 'perStep' } },
  images: 5,
  stages: {
    text: { p50: 2, p90: 3 },
    encode: { p50: 10, p90: 11 },
    inversion: { p50: 300, p90: 320 },
    step: { p50: 20, p90: 25 },
    predict: { p50: 15, p90: 16 },
    total: { p50: 330, p90: 400 },
  },
  imagesPerSecond: 3,
  peakMemory: 3 * 2 ** 30,
  eventLoopP99: 12.3,
  losses: [0.9, 0.8],
  ...more,
});
/** Widths of the medians' bars and places of the limits, in percent. */
const numbers = (page: string, pattern: RegExp): number[] =>
  [...page.matchAll(pattern)].map(([, value]) => Number(value));

describe('operations of a report', () => {
  it('are those of its steps and views', () => {
    const { encode, step, inversion, predict, total } = countedStages(report());
    expect(step).toBe(1_560_587_144_192);
    expect(encode).toBe(45_127_233_536);
    expect(inversion).toBe(10 * step! + 21 * 1_116_658_466_816); // a GPU encodes the picture with its views
    expect(total).toBe(encode! + inversion! + predict!);
    const onCpu = countedStages(report({ device: 'cpu' }));
    expect([onCpu.encode, onCpu.inversion]).toEqual([encode! + 1_116_658_466_816, inversion! - 1_116_658_466_816]);
    expect([onCpu.predict, onCpu.total]).toEqual([predict, total]);
    expect(onCpu.step).toBe(step! + 2 * 1_116_658_466_816); // and a step's views in the step
    expect(10 * onCpu.step!).toBe(onCpu.inversion);
    const kept = countedStages(
      report({ options: { method: 'invseg', steps: 10, views: { count: 4, fresh: 'perImage' } } }),
    );
    expect([kept.step, kept.inversion]).toEqual([2 * step!, 20 * step! + 5 * 1_116_658_466_816]);
    const none = countedStages(
      report({ options: { method: 'invseg', steps: 0, views: { count: 2, fresh: 'perStep' } } }),
    );
    expect([none.step, none.inversion, none.predict]).toEqual([undefined, 0, predict! + 1_116_658_466_816]);
  });

  it('are none where nobody counted', () => {
    expect(countedStages(report({ model: { name: 'other', version: '1' } }))).toEqual({});
    expect(
      countedStages(report({ options: { method: 'diffseg', steps: 1, views: { count: 2, fresh: 'perStep' } } })),
    ).toEqual({});
  });
});

describe('the page', () => {
  it('has a bar a stage, of the length of its median, up to its ninth decile', () => {
    const page = renderBench(report());
    expect(numbers(page, /<i style="width:([\d.]+)%"/g)).toEqual([0.5, 2.5, 75, 5, 3.75, 82.5]);
    expect(numbers(page, /class="spread" style="width:([\d.]+)%"/g)).toEqual([0.75, 2.75, 80, 6.25, 4, 100]);
    for (const text of ['330 ms', '3.0 GiB', '2026-11-26', 'A device', 'float16', '(random weights)'])
      expect(page).toContain(text);
    expect(page).not.toMatch(/class="limit"/);
    expect(page).not.toMatch(/id="peers"|id="batches"/);
  });

  it("marks each stage's limit where the rate is known", () => {
    const page = renderBench(report(), { rate: 400e12 });
    const limits = numbers(page, /class="limit" style="left:([\d.]+)%"/g);
    const { step, total } = countedStages(report());
    expect(limits).toHaveLength(6);
    expect(limits[3]).toBeCloseTo((100 * 1000 * step!) / 400e12 / 400, 2);
    expect(limits[5]).toBeCloseTo((100 * 1000 * total!) / 400e12 / 400, 2);
    expect(page).toContain('at 400 TFLOP/s');
    expect(renderBench(report({ model: { name: 'other', version: '1' } }), { rate: 1 })).not.toMatch(/class="limit"/);
  });

  it('has passes and peers beside it where they were measured', () => {
    const page = renderBench(
      report({
        batches: [{ batch: 4, images: 8, imagesPerSecond: 6 }],
        peers: [
          { kind: 'straight', dtype: 'float32', seconds: 1.32, peakMemory: 6 * 2 ** 30, largestLossDifference: 2e-6 },
        ],
      }),
    );
    expect(page).toContain('4 in a pass');
    expect(page).toContain('straight, float32');
    expect(page).toContain('losses agree to 2e-6');
    expect(numbers(page, /class="other" style="width:([\d.]+)%"/g)).toEqual([100, 100]);
  });

  it('takes names as text, and loads nothing', () => {
    const page = renderBench(report());
    expect(page).not.toMatch(/<script|<b>|src=|https?:/);
    expect(page).toContain('&lt;script&gt;');
    expect(page).toMatch(/Content-Security-Policy" content="default-src &#?\w+;none/);
  });

  it('refuses what is no report and no rate', () => {
    for (const [value, options] of [[{}], [null], [report(), { rate: 0 }], [report(), { rate: 'x' }]])
      expect(() => renderBench(value as BenchReport, options as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
  });
});
