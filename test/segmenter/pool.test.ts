import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import { SegmenterPool } from '../../lib/segmenter/pool.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { BatchImage } from '../../lib/segmenter/types.js';
import type { FakeBehaviour } from './fake.js';
import { all, FakeEngine, fakeParts, picture } from './fake.js';

const code = (value: string) => expect.objectContaining({ code: value });
const any = <T>(value: unknown): T => value as T;

function open(...behaviours: FakeBehaviour[]) {
  const engines = behaviours.map((behaviour) => new FakeEngine(behaviour));
  return { engines, pool: SegmenterPool.of(engines.map((engine) => Segmenter.of(fakeParts(engine)))) };
}
const image = (...categories: string[]): BatchImage => ({ input: picture(8, 6), categories });
const count = ({ calls }: FakeEngine, name = 'encodeImage'): number => calls.filter((call) => call === name).length;

describe('single calls', () => {
  it('go to the segmenter with the fewest, and run at the same time', async () => {
    let [running, most] = [0, 0];
    const onCall = (name: string): void => {
      if (name === 'encodeText') most = Math.max(most, ++running);
      if (name === 'predict') running--;
    };
    const { engines, pool } = open({ delay: 3, onCall }, { delay: 3, onCall }, { delay: 3, onCall });
    const calls = Array.from({ length: 9 }, () => pool.segment(picture(8, 6), { categories: ['cat'], steps: 1 }));
    for (const { labels } of await Promise.all(calls)) expect(labels).toHaveLength(48);
    expect(engines.map((engine) => count(engine))).toEqual([3, 3, 3]);
    expect(most).toBe(3);
    await pool.dispose();
    expect(engines.map(({ disposed, open: handles }) => [disposed, handles])).toEqual(Array(3).fill([true, 0]));
  });

  it('leave the slow one to what it has', async () => {
    const { engines, pool } = open({ delay: 60 }, { delay: 1 });
    let left = 8;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await pool.segment(picture(8, 6), { categories: ['cat'], steps: 1 });
    };
    await Promise.all([worker(), worker()]);
    expect(count(engines[1]!)).toBeGreaterThan(count(engines[0]!));
  });

  it('fail as those of one segmenter do', async () => {
    const { pool } = open({}, {});
    await expect(pool.segment(picture(8, 6), { categories: [''] })).rejects.toEqual(code('INVALID_CATEGORIES'));
    await pool.dispose();
    await expect(pool.segment(picture(8, 6), { categories: ['cat'] })).rejects.toEqual(code('DISPOSED'));
  });
});

describe('many images', () => {
  it('come in their order with the masks of one segmenter, whichever is slow', async () => {
    const images = Array.from({ length: 11 }, (_, i) => image('cat', ...(i % 2 ? ['dog'] : [])));
    const one = open({});
    const expected = (await all(one.pool, images)).map(({ result }) => result!.labels);
    for (const delays of [
      [4, 0],
      [0, 4],
    ]) {
      const { engines, pool } = open(...delays.map((delay) => ({ delay })));
      const outcomes = await all(pool, images);
      expect(outcomes.map(({ index }) => index)).toEqual(images.map((_, i) => i));
      expect(outcomes.map(({ result }) => result!.labels)).toEqual(expected);
      for (const engine of engines) expect(count(engine)).toBeGreaterThan(0);
      expect(engines.map((engine) => engine.open)).toEqual([0, 0]);
    }
  });

  it('are read for two passes a device, and no further', async () => {
    const { pool } = open({ delay: 2 }, { delay: 2 });
    let read = 0;
    function* source(): Generator<BatchImage> {
      for (let i = 0; i < 20; i++) {
        read++;
        yield image('cat');
      }
    }
    let seen = 0;
    for await (const _ of pool.segmentAll(source(), { steps: 1, batch: 2 })) {
      seen++;
      expect(read - seen).toBeLessThanOrEqual(2 * 2 * 2);
    }
    expect([seen, read]).toEqual([20, 20]);
  });

  it('may wait for the outcome of the one before', async () => {
    const { pool } = open({}, {});
    let give = (): void => {};
    async function* source(): AsyncGenerator<BatchImage> {
      for (let i = 0; i < 4; i++) {
        const seen = new Promise<void>((resolve) => (give = resolve));
        yield image('cat');
        await seen;
      }
    }
    let seen = 0;
    for await (const _ of pool.segmentAll(source(), { steps: 1, batch: 1 })) {
      seen++;
      give();
    }
    expect(seen).toBe(4);
  });

  it('fail alone, by their own index', async () => {
    const { pool } = open({}, {});
    const images = [image('cat'), image('cat'), image('cat'), any<BatchImage>(7), image('cat')];
    const outcomes = await all(pool, images, { steps: 1, batch: 1 });
    expect(outcomes.map(({ error }) => error?.message.split(' but')[0])).toEqual([
      undefined,
      undefined,
      undefined,
      'Expected an object with input and categories for images[3]',
      undefined,
    ]);
  });

  it.each(['abort', 'dispose', 'leave', 'source'] as const)('end, and leave nothing running: %s', async (way) => {
    const controller = new AbortController();
    const { engines, pool } = open({ delay: 1 }, { delay: 1 });
    let told = false;
    function* source(): Generator<BatchImage> {
      try {
        for (let i = 0; ; i++) {
          if (way === 'source' && i === 6) throw new Error('no more of it');
          yield image('cat');
        }
      } finally {
        told = true;
      }
    }
    let seen = 0;
    const run = async (): Promise<void> => {
      for await (const _ of pool.segmentAll(source(), { steps: 1, batch: 2, signal: controller.signal })) {
        if (++seen !== 3) continue;
        if (way === 'leave') break;
        if (way === 'abort') controller.abort();
        if (way === 'dispose') void pool.dispose();
      }
    };
    if (way === 'leave') await run();
    else if (way === 'source') await expect(run()).rejects.toThrow('no more of it');
    else await expect(run()).rejects.toEqual(code(way === 'abort' ? 'ABORTED' : 'DISPOSED'));
    expect(told).toBe(true);
    if (way === 'source') expect(seen).toBe(6);
    expect(engines.map((engine) => [engine.running, engine.open])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('refuse what segmentAll refuses, and a signal that is aborted', async () => {
    const { engines, pool } = open({}, {});
    await expect(all(pool, [], any({ colour: 1 }))).rejects.toEqual(code('INVALID_OPTION'));
    await expect(all(pool, any(7))).rejects.toEqual(code('INVALID_OPTION'));
    await expect(all(pool, [image('cat')], { signal: AbortSignal.abort() })).rejects.toEqual(code('ABORTED'));
    expect(engines.map(({ calls }) => calls)).toEqual([[], []]);
  });
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['no devices', { devices: [] }],
  ['a name', { devices: 'cpu' }],
  ['another device', { devices: ['tpu'] }],
  ['a number', { devices: [0] }],
  ['devices of two kinds', { devices: ['cpu', 'cuda:0'] }],
  ['device', { devices: ['cpu'], device: 'cpu' }],
  ['an unknown option', { devices: ['cpu'], colour: 1 }],
])('refuses %s', async (_, options) => {
  await expect(SegmenterPool.open(any(options))).rejects.toEqual(code('INVALID_OPTION'));
});

describe('two engines on the CPU', () => {
  let pool: SegmenterPool;
  let one: Segmenter;
  beforeAll(async () => {
    pool = await SegmenterPool.open({ devices: ['cpu', 'cpu'], threads: 1 });
    one = await Segmenter.open({ device: 'cpu', threads: 1 });
  });
  afterAll(async () => {
    await pool.dispose();
    await one.dispose();
  });

  it('give the masks of one', async () => {
    expect(pool.devices).toEqual(['cpu', 'cpu']);
    expect(pool.info).toEqual(one.info);
    const images = [1, 2, 3].map((i) => ({ input: picture(40 + i, 30), categories: ['cat', 'bus'] }));
    const options = { steps: 1, seed: 5 };
    const alone = await Promise.all(images.map(({ input, ...rest }) => one.segment(input, { ...rest, ...options })));
    const outcomes = await all(pool, images, { ...options, batch: 1 });
    expect(outcomes.map(({ result }) => result!.labels)).toEqual(alone.map(({ labels }) => labels));
  });

  it('are closed again where a device is not there', async () => {
    const opening = SegmenterPool.open({ devices: ['cuda:98', 'cuda:99'] });
    await expect(opening).rejects.toEqual(code('DEVICE_UNAVAILABLE'));
  });

  it('are all CUDA devices, or an error where there is none', async () => {
    const { cudaDevices } = loadBinding().binding.info();
    const opening = SegmenterPool.open({ devices: 'cuda:*' });
    if (cudaDevices === 0) return expect(opening).rejects.toEqual(code('DEVICE_UNAVAILABLE'));
    await using every = await opening;
    expect(every.devices).toEqual(Array.from({ length: cudaDevices }, (_, i) => `cuda:${i}`));
  });
});
