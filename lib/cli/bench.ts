/** `invseg bench`: how long a picture takes, stage by stage, and what got slower since another time. */

import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { BenchComparison, BenchReport } from '../bench/index.js';
import { bench, checkBenchReport, compareBenches } from '../bench/index.js';
import { InvSegError } from '../errors.js';
import { LIMITS, readText } from '../files.js';
import { parseJson } from '../json.js';
import { resolveEngineOptions } from '../options/index.js';
import { integer } from '../options/rules.js';
import { EXIT } from './failure.js';
import type { EngineFlag, SegmentFlags } from './flags.js';
import { engineFlags, parseSettings, parseValue } from './flags.js';
import { optionsHelp } from './help.js';
import type { Io } from './io.js';
import { interruptible } from './segment.js';

export interface BenchFlags extends Pick<SegmentFlags, EngineFlag> {
  categories: string;
  images: string;
  warmup: string;
  steps?: string;
  set: string[];
  json?: string;
  against?: string;
  threshold: string;
}

export function addBenchCommand(program: Command, io: Io, done: (code: number) => void): void {
  program
    .command('bench')
    .summary('how long an image takes')
    .description('Segments one picture again and again and prints the median and the ninth decile of every stage.')
    .argument('[image]', 'a picture (default: a drawn one of 640 × 480)')
    .option('-c, --categories <names>', 'names to look for, with commas between them', 'cat,bus')
    .option('-m, --model <folder>', 'weights in diffusers layout or a bundle (default: the small model in the package)')
    .option(
      '--trust-code',
      'load a model whose TorchScript is not of this package: a program, which may do what you may',
    )
    .option('--copy-weights', 'copy the weights into memory instead of mapping their files: for network disks')
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>')
    .option('--dtype <dtype>', 'auto, float32, bfloat16 or float16')
    .option('--threads <count>', 'CPU threads; 0 is automatic')
    .option('--images <count>', 'images that are measured', '10')
    .option('--warmup <count>', 'images before them', '2')
    .option('--steps <count>', 'optimisation steps (default: 15)')
    .option(
      '--set <key=value>',
      'any option of the method; may be repeated',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .option('--json <file>', 'also write the figures')
    .option('--against <file>', 'compare with figures that --json wrote; exit code 1 where a stage got slower')
    .option('--threshold <share>', 'share of its median that a stage may lose', '0.1')
    .option('--debug', 'print stacks of errors')
    .addHelpText('after', optionsHelp)
    .action(async (image: string | undefined, flags: BenchFlags) => done(await benchCommand(image, flags, io)));
}

export async function benchCommand(image: string | undefined, flags: BenchFlags, io: Io): Promise<number> {
  const threshold = share(flags.threshold);
  // Read first: a bench of minutes must not end in a file that is none.
  const before = flags.against === undefined ? undefined : await readReport(flags.against);
  if (flags.json !== undefined) await checkTarget(flags.json);
  const images = integer(1, 10_000).read(parseValue(flags.images), '--images');
  const warmup = integer(0, 10_000).read(parseValue(flags.warmup), '--warmup');
  const { steps } = flags;
  const engine = resolveEngineOptions(engineFlags(flags));
  await using segmenter = await interruptible(io.openSegmenter(engine), io.signal);
  const report = await bench({
    segmenter,
    picture: image ?? drawnPicture(),
    categories: flags.categories.split(',').map((name) => name.trim()),
    options: { ...parseSettings(flags.set), ...(steps !== undefined && { steps: parseValue(steps) as number }) },
    images,
    warmup,
    signal: io.signal,
    onImage: (image) => io.err(image > 0 ? `image ${image}/${images}\n` : `warm-up ${image + warmup}/${warmup}\n`),
  });
  io.out(asTable(report));
  const comparison = before && compareBenches(before, report, threshold);
  if (comparison) io.out(asComparison(comparison, flags.against!));
  if (flags.json !== undefined) await writeReport(flags.json, report);
  return comparison?.slower ? EXIT.failed : EXIT.ok;
}

function share(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvSegError(
    'INVALID_OPTION',
    `Expected a share of at least 0, such as 0.1, for --threshold but received ${text}`,
  );
}

async function readReport(file: string): Promise<BenchReport> {
  let value: unknown;
  try {
    value = parseJson(await readText(file, LIMITS.manifest));
  } catch (cause) {
    throw new InvSegError('INVALID_OPTION', `Cannot read --against ${file}: ${(cause as Error).message}`, { cause });
  }
  return checkBenchReport(value, `--against ${file}`);
}

/** Before minutes of work, not after. @throws {InvSegError} `OUTPUT_FAILED` */
async function checkTarget(file: string): Promise<void> {
  const kind = await stat(file).catch(() => undefined);
  if (kind?.isDirectory())
    throw new InvSegError('OUTPUT_FAILED', `Cannot write --json ${file}: it is a folder; name a file in it`);
  const folder = await stat(path.dirname(path.resolve(file))).catch(() => undefined);
  if (!folder?.isDirectory())
    throw new InvSegError('OUTPUT_FAILED', `Cannot write --json ${file}: its folder is not there`);
}

async function writeReport(file: string, report: BenchReport): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (cause) {
    throw new InvSegError('OUTPUT_FAILED', `Cannot write --json ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Two discs on a wavy ground: nothing to download, the same everywhere. */
function drawnPicture(): { data: Uint8Array; width: number; height: number; channels: 3 } {
  const [width, height] = [640, 480];
  const data = new Uint8Array(width * height * 3);
  const discs = [
    { x: 200, y: 220, radius: 120, colour: [220, 50, 30] },
    { x: 460, y: 280, radius: 90, colour: [30, 80, 220] },
  ];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = discs.find((one) => (x - one.x) ** 2 + (y - one.y) ** 2 < one.radius ** 2);
      const ground = [110 + 40 * Math.sin(x / 40), 140 + 30 * Math.sin(y / 50), 100];
      data.set((disc?.colour ?? ground).map(Math.round), (y * width + x) * 3);
    }
  }
  return { data, width, height, channels: 3 };
}

function asTable(report: BenchReport): string {
  const { model, deviceName, device, dtype, host, images, stages, imagesPerSecond, peakMemory, eventLoopP99, losses } =
    report;
  const rows = Object.entries(stages).map(
    ([stage, { p50, p90 }]) => `  ${stage.padEnd(10)} ${p50.toFixed(1).padStart(10)} ${p90.toFixed(1).padStart(10)}`,
  );
  return [
    `${model.name} on ${device} (${deviceName}), ${dtype}; ${host.cores} cores, Node ${host.node}; ${images} images`,
    `  ${'ms'.padEnd(10)} ${'p50'.padStart(10)} ${'p90'.padStart(10)}`,
    ...rows,
    `  ${imagesPerSecond.toFixed(2)} images/s, peak memory ${(peakMemory / 2 ** 20).toFixed(0)} MiB, event loop p99 ${eventLoopP99.toFixed(1)} ms`,
    ...(losses.length > 0 ? [`  loss ${losses.map((loss) => loss.toFixed(5)).join(' to ')}`] : []),
    '',
  ].join('\n');
}

function asComparison({ changes, slower, differences }: BenchComparison, file: string): string {
  const rows = changes.map(
    ({ stage, before, after, ratio, slower: worse }) =>
      `  ${stage.padEnd(10)} ${before.toFixed(1).padStart(10)} ${after.toFixed(1).padStart(10)} ${ratio.toFixed(2).padStart(7)}${worse ? '  slower' : ''}`,
  );
  const apart = differences.length > 0 ? [`  not the same: ${differences.join(', ')}`] : [];
  return [`Against ${file}:`, ...apart, ...rows, slower ? '  slower' : '  no stage is slower', ''].join('\n');
}
