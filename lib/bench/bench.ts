/** Times a model on one picture, stage by stage, as a caller of `segment` sees it. */
import { createHash } from 'node:crypto';
import os from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { integer, record, refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { decodeImage } from '../image/index.js';
import { Listener } from '../listener.js';
import type { SegmentResult } from '../segmenter/index.js';
import { checkSegmenter } from '../segmenter/index.js';
import { measureBatch } from './batches.js';
import type { BatchSpeed, BenchOptions, BenchReport, BenchStage, Quantiles } from './types.js';
import { benchStages } from './types.js';

const KEYS = [
  'segmenter',
  'picture',
  'categories',
  'options',
  'images',
  'warmup',
  'batches',
  'random',
  'signal',
  'onImage',
] as const;

/**
 * Times a model: segments one image `warmup` + `images` times, one after the other.
 *
 * @param given segmenter, image, names, options, and how many images
 * @returns medians and ninth deciles of each stage in milliseconds, memory, and what they were measured on
 * @throws {InvSegError} `INVALID_OPTION`; what `segment` throws; `ABORTED`
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { bench } from 'invseg-native/bench';
 *
 * await using segmenter = await Segmenter.open();
 * const report = await bench({ segmenter, picture: 'cat.jpg', categories: ['cat'], options: { steps: 2 }, images: 3, warmup: 1 });
 * console.log(report.stages.total, report.imagesPerSecond);
 * ```
 */
export async function bench(given: BenchOptions): Promise<BenchReport> {
  record(given, 'options', 'an object with segmenter, picture and categories');
  for (const key of Object.keys(given)) {
    if (!(KEYS as readonly string[]).includes(key)) refuse(`options.${key}`, `one of ${KEYS.join(', ')}`, key);
  }
  const {
    segmenter,
    picture,
    categories,
    options,
    images = 10,
    warmup = 2,
    batches = [],
    random,
    signal,
    onImage,
  } = given;
  checkSegmenter(segmenter);
  integer(1, 10_000).read(images, 'images');
  integer(0, 10_000).read(warmup, 'warmup');
  if (!Array.isArray(batches)) refuse('batches', 'a list of 1 to 64', batches);
  for (const [i, batch] of batches.entries()) integer(1, 64).read(batch, `batches[${i}]`);
  if (random !== undefined && typeof random !== 'boolean') refuse('random', 'true or false', random);
  if (onImage !== undefined && typeof onImage !== 'function') refuse('onImage', 'a function', onImage);
  const listener = new Listener(onImage);
  const segment = (): Promise<SegmentResult> =>
    segmenter.segment(picture, { ...options, categories, ...(signal && { signal }) });
  const { rgb, width, height } = await decodeImage(picture);
  const hash = createHash('sha256').update(rgb).digest('hex');

  for (let i = 0; i < warmup; i++) {
    await segment();
    listener.tell(i + 1 - warmup);
  }
  const times = new Map<BenchStage, number[]>(benchStages.map((stage) => [stage, []]));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  let last: SegmentResult | undefined;
  try {
    for (let i = 1; i <= images; i++) {
      last = await segment();
      for (const stage of benchStages) {
        if (stage !== 'step') times.get(stage)!.push(last.timings[stage]);
      }
      times.get('step')!.push(...last.losses.map(({ milliseconds }) => milliseconds));
      listener.tell(i);
    }
  } finally {
    delay.disable();
  }
  const seconds = (performance.now() - began) / 1000;
  await listener.settle();
  const speeds: BatchSpeed[] = [];
  for (const batch of batches)
    speeds.push(await measureBatch(batch, { segmenter, picture, categories, options, images, signal }));
  const { losses, options: resolved } = last!;
  const { model, device, deviceName, dtype } = segmenter.info;
  return {
    format: 'invseg-bench/1',
    date: new Date().toISOString(),
    host: {
      platform: `${process.platform}-${process.arch}`,
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.availableParallelism(),
      node: process.version,
    },
    model: { name: model.name, version: model.version, ...(random && { random }) },
    device,
    deviceName,
    dtype,
    picture: { width, height, hash },
    categories: last!.categories,
    options: { ...resolved },
    images,
    stages: Object.fromEntries(
      [...times].filter(([, list]) => list.length > 0).map(([stage, list]) => [stage, quantiles(list)]),
    ),
    imagesPerSecond: images / seconds,
    ...(speeds.length > 0 && { batches: speeds }),
    // In kilobytes on every system that Node runs on.
    peakMemory: process.resourceUsage().maxRSS * 1024,
    eventLoopP99: delay.percentile(99) / 1e6,
    losses: losses.length === 0 ? [] : [losses[0]!.total, losses.at(-1)!.total],
  };
}

/** Linear between the sorted values. @param values at least one */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number => {
    const place = q * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return low + (place - Math.floor(place)) * (sorted[Math.ceil(place)]! - low);
  };
  return { p50: at(0.5), p90: at(0.9) };
}

/**
 * Takes a parsed file for a report, if it is one.
 *
 * @param value parsed JSON
 * @param name of the file, for the error
 * @returns the value
 * @throws {InvSegError} `INVALID_OPTION` for anything else
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { checkBenchReport } from 'invseg-native/bench';
 *
 * const report = checkBenchReport(JSON.parse(await readFile('bench.json', 'utf8')), 'bench.json');
 * console.log(report.stages.total?.p50);
 * ```
 */
export function checkBenchReport(value: unknown, name: string): BenchReport {
  const report = value as BenchReport | null;
  const stages = typeof report === 'object' && report?.format === 'invseg-bench/1' ? report.stages : undefined;
  const sound =
    typeof stages === 'object' &&
    stages !== null &&
    Object.keys(stages).length > 0 &&
    Object.values(stages).every((stage) => Number.isFinite(stage?.p50) && Number.isFinite(stage?.p90));
  if (!sound) throw new InvSegError('INVALID_OPTION', `Expected a file that invseg bench --json wrote for ${name}`);
  return report!;
}
