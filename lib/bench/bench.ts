/** Times a model on one picture, stage by stage, as a caller of `segment` sees it. */
import { createHash } from 'node:crypto';
import os from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { integer, isSignal, record, refuse } from '../checks/index.js';
import { decodeImage } from '../image/index.js';
import { Listener } from '../listener.js';
import { resolveOptions } from '../options/index.js';
import type { SegmentResult } from '../segmenter/index.js';
import { checkSegmenter, Stop } from '../segmenter/index.js';
import { packageVersion } from '../version.js';
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
  'onReport',
] as const;

/** Milliseconds between two looks at the event loop. */
const LOOK = 1;

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
    onReport,
  } = given;
  checkSegmenter(segmenter);
  integer(1, 10_000).read(images, 'images');
  integer(0, 10_000).read(warmup, 'warmup');
  if (!Array.isArray(batches)) refuse('batches', 'a list of 1 to 64', batches);
  for (const [i, batch] of batches.entries()) integer(1, 64).read(batch, `batches[${i}]`);
  if (random !== undefined && typeof random !== 'boolean') refuse('random', 'true or false', random);
  if (signal !== undefined && !isSignal(signal)) refuse('signal', 'an AbortSignal', signal);
  for (const [name, callback] of Object.entries({ onImage, onReport }))
    if (callback !== undefined && typeof callback !== 'function') refuse(name, 'a function', callback);
  if (options !== undefined) record(options, 'options.options', 'an object of options');
  // Before minutes of work: what the first of several in one pass would refuse.
  resolveOptions(options ?? {}, segmenter.info.model.methods);
  const listener = new Listener(onImage);
  const settled = () => untilAborted(listener.settle(), signal);
  const segment = (): Promise<SegmentResult> =>
    segmenter.segment(picture, { ...options, categories, ...(signal && { signal }) });
  const { rgb, width, height } = await decodeImage(picture);
  const hash = createHash('sha256').update(rgb).digest('hex');

  for (let i = 0; i < warmup; i++) {
    await segment();
    listener.tell(i + 1 - warmup);
  }
  const times = new Map<BenchStage, number[]>(benchStages.map((stage) => [stage, []]));
  const delay = monitorEventLoopDelay({ resolution: LOOK });
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
  await settled();
  const { losses, options: resolved } = last!;
  const { model, device, deviceName, dtype, threads } = segmenter.info;
  const report: BenchReport = {
    format: 'invseg-bench/1',
    date: new Date().toISOString(),
    host: {
      platform: `${process.platform}-${process.arch}`,
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.availableParallelism(),
      node: process.version,
      version: packageVersion(),
      ...(threads !== undefined && { threads }),
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
    // In kilobytes on every system that Node runs on.
    peakMemory: process.resourceUsage().maxRSS * 1024,
    // What is measured is the time from one look to the next.
    eventLoopP99: Math.max(0, delay.percentile(99) / 1e6 - LOOK),
    losses: losses.length === 0 ? [] : [losses[0]!.total, losses.at(-1)!.total],
  };
  const reports = new Listener(onReport);
  reports.tell({ ...report });
  const speeds: BatchSpeed[] = [];
  for (const batch of batches) {
    speeds.push(await measureBatch(batch, { segmenter, picture, categories, options, images, signal }));
    report.batches = [...speeds];
    report.peakMemory = process.resourceUsage().maxRSS * 1024;
    reports.tell({ ...report });
  }
  await untilAborted(reports.settle(), signal);
  return report;
}

/** Callbacks may take for ever; a call that is to end does not wait for them. */
async function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  await new Stop(new AbortController().signal, signal).race(work);
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
