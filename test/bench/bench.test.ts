import { describe, expect, it } from 'vitest';
import { quantiles } from '../../lib/bench/bench.js';
import type { BenchReport } from '../../lib/bench/index.js';
import { bench, checkBenchReport, compareBenches, renderBench } from '../../lib/bench/index.js';
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

/** As a file has it. */
const written: BenchReport = {
  format: 'invseg-bench/1',
  date: '2026-11-27T10:00:00.000Z',
  host: { platform: 'linux-x64', cpu: 'a processor', cores: 2, node: 'v20.0.0', version: '0.1.0' },
  model: { name: 'fake', version: '1' },
  device: 'cpu',
  deviceName: 'a device',
  dtype: 'float32',
  picture: { width: 640, height: 480, hash: 'abc' },
  categories: ['cat', 'background'],
  options: { method: 'invseg' },
  images: 5,
  stages: { total: { p50: 1, p90: 1 } },
  imagesPerSecond: 1,
  peakMemory: 1,
  eventLoopP99: 0,
  losses: [1, 2],
};

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

  it.each<[string, object]>([
    ['options', { options: null }],
    ['options', { options: 5 }],
    ['options', { options: [] }],
    ['onProgress', { options: { onProgress: () => {} }, batches: [2] }],
    ['signal', { signal: 0 }],
    ['signal', { signal: null }],
    ['onReport', { onReport: 1 }],
    ['segmenter', { segmenter: { segment() {}, observe() {} } }],
  ])('names a wrong %s before the first image', async (name, change) => {
    const engine = new FakeEngine();
    await using segmenter = Segmenter.of(fakeParts(engine));
    const given = { segmenter, picture, categories: ['cat'], images: 1, ...change };
    await expect(bench(given as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(name) as string,
    });
    expect(engine.calls).toEqual([]);
  });

  it('does not wait for a callback when it is aborted', async () => {
    const controller = new AbortController();
    const onImage = (image: number) => {
      if (image === 3) setTimeout(() => controller.abort(), 10);
      return new Promise(() => {});
    };
    await expect(measure({ onImage, signal: controller.signal })).rejects.toEqual(code('ABORTED'));
  });

  it('tells what is measured so far: an abort during the batches loses nothing of the single images', async () => {
    const controller = new AbortController();
    const reports: BenchReport[] = [];
    const onReport = (report: BenchReport): void => {
      reports.push(report);
      if (report.batches?.length === 1) controller.abort();
    };
    const given = { images: 1, warmup: 0, batches: [1, 2], signal: controller.signal, onReport };
    await expect(measure(given)).rejects.toEqual(code('ABORTED'));
    expect(reports.map(({ batches }) => batches?.length ?? 0)).toEqual([0, 1]);
    for (const report of reports) expect(checkBenchReport(JSON.parse(JSON.stringify(report)), 'x')).toEqual(report);
  });

  it('sees that the event loop was held up, and says which version measured', async () => {
    const engine = new FakeEngine({
      onCall: (name) => {
        for (const until = performance.now() + 40; name === 'predict' && performance.now() < until; );
      },
    });
    await using segmenter = Segmenter.of(fakeParts(engine));
    const report = await bench({
      segmenter,
      picture,
      categories: ['cat'],
      images: 3,
      warmup: 0,
      options: { steps: 1 },
    });
    expect(report.eventLoopP99).toBeGreaterThan(30);
    expect(report.host.version).toMatch(/^\d+\.\d+\.\d+/);
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

  it.each<[string, object]>([
    ['losses', { losses: 5 }],
    ['losses[0]', { losses: ['x'] }],
    ['host', { host: undefined }],
    ['host.cores', { host: { ...written.host, cores: 'two' } }],
    ['host.version', { host: { ...written.host, version: 7 } }],
    ['model', { model: null }],
    ['picture', { picture: null }],
    ['categories', { categories: 'x' }],
    ['options', { options: null }],
    ['date', { date: 5 }],
    ['batches', { batches: 5 }],
    ['batches[0].images', { batches: [{ batch: 1 }] }],
    ['peers[0].kind', { peers: [{}] }],
    ['stages.total', { stages: { text: { p50: 1, p90: 1 } } }],
    ['a stage', { stages: { ...written.stages, foo: { p50: 1, p90: 1 } } }],
    ['stages', { stages: [{ p50: 1, p90: 1 }] }],
    ['stages.total.p50', { stages: { total: { p50: -1, p90: 1 } } }],
  ])('names %s of a report where it is wrong, for every reader', (name, change) => {
    const broken = { ...written, ...change } as BenchReport;
    for (const read of [
      () => checkBenchReport(broken, 'old.json'),
      () => compareBenches(written, broken, 0.1),
      () => renderBench(broken),
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
      expect(read).toThrow(name);
    }
  });

  it('takes a report of before the version was said, and what later versions add', () => {
    const { version: _, ...host } = written.host;
    expect(checkBenchReport({ ...written, host, new: 1 }, 'x')).toMatchObject({ new: 1 });
    expect(compareBenches({ ...written, host }, written, 0.1).differences).toEqual([]);
  });
});

describe('two benches', () => {
  const at = (p50: number, p90: number, more: Partial<BenchReport> = {}): BenchReport => ({
    ...written,
    stages: { total: { p50, p90 } },
    ...more,
  });

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
    ['versions', { host: { ...written.host, version: '9.9.9' } }, ['host.version']],
    [
      'versions, and of other losses',
      { host: { ...written.host, version: '9.9.9' }, losses: [1, 2.1] },
      ['losses', 'host.version'],
    ],
    ['threads', { host: { ...written.host, threads: 1 } }, ['host.threads']],
    ['numbers of images', { images: 50 }, ['images']],
    ['devices of one name', { device: 'cuda:1' }, ['device']],
  ])('of other %s are no pair', (_, more, differences) => {
    const base = { categories: ['cat'], options: { steps: 2, alpha: 1 }, losses: [1, 2] };
    expect(compareBenches(at(1, 1, base), at(1, 1, { ...base, ...more }), 0.1).differences).toEqual(differences);
  });

  it('do not ask whether a stage that nobody notices is slower', () => {
    const text = (p50: number): Partial<BenchReport> => ({
      stages: { text: { p50, p90: p50 }, total: { p50: 600, p90: 610 } },
    });
    expect(compareBenches(at(0, 0, text(2)), at(0, 0, text(7)), 0.1).slower).toBe(false);
    expect(compareBenches(at(0, 0, text(2)), at(0, 0, text(9)), 0.1).slower).toBe(true);
  });

  it('refuse what is no report and no share', () => {
    expect(() => compareBenches(null as never, at(1, 1), 0.1)).toThrow(/before/);
    expect(() => compareBenches(at(1, 1), at(1, 1), 'x' as never)).toThrow(/threshold/);
  });
});
