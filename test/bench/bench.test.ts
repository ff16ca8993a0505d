import { describe, expect, it } from 'vitest';
import { quantiles } from '../../lib/bench/bench.js';
import type { BenchReport } from '../../lib/bench/index.js';
import { bench, checkBenchReport, compareBenches } from '../../lib/bench/index.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeEngine, fakeParts } from '../segmenter/fake.js';

const code = (value: string) => expect.objectContaining({ code: value });
const picture = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 as const };

async function measure(options: object = {}): Promise<{ report: BenchReport; engine: FakeEngine; told: number[] }> {
  const engine = new FakeEngine();
  const told: number[] = [];
  await using segmenter = Segmenter.of(fakeParts(engine));
  const onImage = (image: number): void => void told.push(image);
  const report = await bench({ segmenter, picture, categories: ['cat'], images: 3, warmup: 2, onImage, ...options });
  return { report, engine, told };
}

describe('a bench', () => {
  it('measures the images after the warm-up and all their steps', async () => {
    const { report, engine, told } = await measure({ options: { steps: 4 } });
    expect(told).toEqual([-1, 0, 1, 2, 3]);
    expect(engine.calls.filter((call) => call === 'predict')).toHaveLength(5);
    expect(report).toMatchObject({
      format: 'invseg-bench/1',
      images: 3,
      device: 'cpu',
      dtype: 'float32',
      options: { steps: 4 },
    });
    expect(Object.keys(report.stages)).toEqual(['decode', 'text', 'encode', 'inversion', 'step', 'predict', 'total']);
    expect(report.stages.text!.p50).toBeLessThanOrEqual(report.stages.encode!.p50);
    for (const { p50, p90 } of Object.values(report.stages)) expect(p90).toBeGreaterThanOrEqual(p50);
    expect(report.imagesPerSecond).toBeGreaterThan(0);
    expect(report.peakMemory).toBeGreaterThan(2 ** 20);
    expect(report.losses).toHaveLength(2);
    expect(checkBenchReport(JSON.parse(JSON.stringify(report)), 'x')).toEqual(report);
  });

  it('measures several in one pass, whole passes after one that does not count', async () => {
    const { report, engine } = await measure({ options: { steps: 1 }, images: 4, warmup: 0, batches: [1, 3] });
    expect(report.batches).toMatchObject([
      { batch: 1, images: 4 },
      { batch: 3, images: 6 },
    ]);
    for (const { imagesPerSecond } of report.batches!) expect(imagesPerSecond).toBeGreaterThan(0);
    expect(engine.calls.filter((call) => call === 'predict')).toHaveLength(4 + (1 + 4) + (3 + 6));
    expect(checkBenchReport(JSON.parse(JSON.stringify(report)), 'x')).toEqual(report);
    const { report: none } = await measure();
    expect(none).not.toHaveProperty('batches');
  });

  it('ends with the error of an image in a pass', async () => {
    const engine = new FakeEngine({
      onCall: (name) => void (name === 'step' && ++steps > 1 && (engine.behaviour.failAt = 'step')),
    });
    let steps = 0;
    await using segmenter = Segmenter.of(fakeParts(engine));
    const given = {
      segmenter,
      picture,
      categories: ['cat'],
      options: { steps: 1 },
      images: 1,
      warmup: 0,
      batches: [2],
    };
    await expect(bench(given)).rejects.toEqual(code('OUT_OF_MEMORY'));
  });

  it('says that the weights were random, and is no pair with one of others', async () => {
    const { report } = await measure({ random: true });
    expect(report.model).toEqual({ name: 'fake', version: '1', random: true });
    const { report: other } = await measure();
    expect(compareBenches(report, other, 1000).differences).toEqual(['model']);
  });

  it('has no stage that did not run', async () => {
    const { report } = await measure({ options: { method: 'baseline' } });
    expect(report.stages).not.toHaveProperty('step');
    expect(report.losses).toEqual([]);
  });

  it('ends when it is aborted, and refuses what is no number of images', async () => {
    await expect(measure({ signal: AbortSignal.abort() })).rejects.toEqual(code('ABORTED'));
    const wrong = [
      { images: 0 },
      { images: 1.5 },
      { warmup: -1 },
      { imagse: 4 },
      { segmenter: {} },
      { onImage: 1 },
      { batches: [0] },
      { batches: [65] },
      { batches: 4 },
      { random: 'sd21' },
      { categories: [7] },
    ];
    for (const change of wrong) {
      await expect(measure(change)).rejects.toMatchObject({ code: expect.stringMatching(/^INVALID_/) as string });
    }
    await expect(bench(null as never)).rejects.toEqual(code('INVALID_OPTION'));
  });

  it('ends with what its listener rejects with', async () => {
    for (const last of [-1, 3]) {
      const onImage = async (image: number) => {
        if (image === last) throw new Error('enough');
      };
      await expect(measure({ onImage })).rejects.toThrow('enough');
    }
  });

  it('takes quantiles between the values', () => {
    expect(quantiles([3, 1, 2])).toEqual({ p50: 2, p90: expect.closeTo(2.8) as number });
    expect(quantiles([7])).toEqual({ p50: 7, p90: 7 });
  });

  it.each([
    null,
    [],
    {},
    { format: 'invseg-bench/1' },
    { format: 'invseg-bench/1', stages: {} },
    { format: 'invseg-bench/1', stages: { total: { p50: 'x' } } },
  ])('does not take %j for a report', (value) =>
    expect(() => checkBenchReport(value, '--against old.json')).toThrow(/--against old.json/),
  );
});

describe('two benches', () => {
  const at = (p50: number, p90: number, more: Partial<BenchReport> = {}): BenchReport =>
    ({ format: 'invseg-bench/1', stages: { total: { p50, p90 } }, dtype: 'float32', ...more }) as BenchReport;

  it.each([
    ['faster', at(100, 110), at(80, 90), false],
    ['within the threshold', at(100, 101), at(109, 111), false],
    ['slower, but no more than the noise was', at(100, 130), at(125, 140), false],
    ['slower', at(100, 105), at(120, 125), true],
  ])('%s', (_, before, after, slower) => {
    expect(compareBenches(before, after, 0.1)).toMatchObject({
      slower,
      changes: [{ stage: 'total', slower }],
      differences: [],
    });
  });

  it.each<[string, Partial<BenchReport>, string[]]>([
    ['types', { dtype: 'float16' }, ['dtype']],
    ['names', { categories: ['dog', 'background'] }, ['categories']],
    ['pictures', { picture: { width: 1, height: 1, hash: 'x' } }, ['picture']],
    ['options', { options: { steps: 3, alpha: 1 } }, ['options.steps']],
    ['losses alone', { losses: [1, 2.1] }, ['losses']],
  ])('of other %s are no pair', (_, more, differences) => {
    const base = { categories: ['cat'], options: { steps: 2, alpha: 1 }, losses: [1, 2] };
    expect(compareBenches(at(1, 1, base), at(1, 1, { ...base, ...more }), 0.1).differences).toEqual(differences);
  });

  it('refuse what is no report and no share', () => {
    expect(() => compareBenches(null as never, at(1, 1), 0.1)).toThrow(/before/);
    expect(() => compareBenches(at(1, 1), at(1, 1), 'x' as never)).toThrow(/threshold/);
  });
});
