/** `invseg bench`: how long a picture takes, stage by stage, and what got slower since another time. */

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { BenchReport, RandomModel, RandomModelName } from '../bench/index.js';
import {
  bench,
  checkBenchReport,
  compareBenches,
  countedModels,
  drawnPicture,
  randomModel,
  randomModels,
  renderBench,
} from '../bench/index.js';
import { integer } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { decodeImage } from '../image/index.js';
import { checkDevice, loadBinding } from '../native/index.js';
import type { MethodName, MethodOverrides } from '../options/index.js';
import { methodNames, resolveEngineOptions, resolveOptions } from '../options/index.js';
import { LIMITS, parseJson, readText } from '../system/index.js';
import { parseCategories } from '../text/index.js';
import type { BenchDatasetFlags } from './bench-dataset.js';
import { benchDataset } from './bench-dataset.js';
import { addEngineFlags, addHelp, addMethodFlags } from './flags/add.js';
import { checkFor, checkSteps } from './flags/check-for.js';
import { addDatasetFlags, datasetFlagNames, datasetHelp } from './flags/dataset.js';
import { categoriesOption } from './flags/names.js';
import { engineFlags, parseSettings, parseValue } from './flags/options.js';
import { checkTarget } from './flags/target.js';
import { asComparison, asTable } from './terminal/bench-text.js';
import { EXIT } from './terminal/failure.js';
import { interruptible } from './terminal/interruptible.js';
import type { Io } from './terminal/io.js';

export interface BenchFlags extends BenchDatasetFlags {
  categories?: string;
  images: string;
  warmup: string;
  batches?: string;
  random?: RandomModelName;
  keep?: string;
  json?: string;
  page?: string;
  rate?: string;
  against?: string;
  threshold?: string;
}

export function addBenchCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('bench')
    .summary('time per image and stage')
    .description('Segments one image repeatedly and prints the median and 90th percentile of every stage.')
    .argument('[image]', 'an image (default: a generated one, 640 × 480)')
    .addOption(categoriesOption('names to look for, comma-separated (default: cat,bus)'))
    .option('--images <count>', 'timed images', '10')
    .option('--warmup <count>', 'untimed images before them', '2')
    .option(
      '--batches <list>',
      'also measure throughput with this many images per pass, or "none" (default: 1,2,4,8,16 on a GPU)',
    )
    .addOption(
      new Option(
        '--random <model>',
        'full-size Stable Diffusion 2.1 with random weights (2.5 GB in the temporary folder, 7 GB memory)',
      )
        .choices([...randomModels])
        .conflicts('model'),
    )
    .option('--keep <folder>', 'with --random: keep the weights in this folder and reuse them');
  addMethodFlags(addEngineFlags(command), ['steps', 'set'])
    .option('--json <file>', 'also write the figures; with --dataset, one JSON line per method')
    .option('--page <file>', 'also write an HTML page with bars')
    .option(
      '--rate <TFLOP/s>',
      'for --page: rate of the device on large matrix products, to draw the limit of each stage',
    )
    .option('--against <file>', 'compare with figures written by --json; exit code 1 if a stage is slower')
    .option('--threshold <share>', 'slowdown of a stage that is tolerated, as a share of its median (default: 0.1)')
    .addOption(
      new Option('--dataset <kind>', `accuracy and time of each method on a data set: ${datasetHelp}`).conflicts([
        'random',
        'against',
        'page',
        'batches',
        'categories',
        'images',
        'warmup',
        'keep',
      ]),
    )
    .option('--methods <list>', 'with --dataset: comma-separated methods (default: all)')
    .option('--sample <count>', 'with --dataset: number of images, drawn by a seed (default: all)')
    .option('--batch <count>', 'with --dataset: images per pass of the engine (default: 1)')
    .option('--out <folder>', 'with --dataset: keep the run of each method in this folder, to resume it');
  addDatasetFlags(command);
  addHelp(command, '').action(async (image: string | undefined, flags: BenchFlags) =>
    done(await benchCommand(image, flags, io)),
  );
}

async function benchCommand(image: string | undefined, flags: BenchFlags, io: Io): Promise<number> {
  const threshold = share(flags.threshold ?? '0.1');
  checkFor('--threshold', flags.threshold, '--against', flags.against);
  checkFor('--rate', flags.rate, '--page', flags.page);
  // Read first: a bench of minutes must not end in a file that is none.
  const before = flags.against === undefined ? undefined : await readReport(flags.against);
  if (flags.json !== undefined) await checkTarget('--json', flags.json);
  if (flags.page !== undefined) await checkTarget('--page', flags.page);
  if (flags.json !== undefined && flags.page !== undefined && path.resolve(flags.json) === path.resolve(flags.page))
    throw new InvSegError('INVALID_OPTION', `Expected two files but --json and --page both name ${flags.json}`);
  const rate = flags.rate === undefined ? undefined : positive(flags.rate);
  const images = integer(1, 10_000).read(parseValue(flags.images), '--images');
  const warmup = integer(0, 10_000).read(parseValue(flags.warmup), '--warmup');
  const { steps } = flags;
  if (flags.dataset !== undefined) return datasetRows(image, flags, io);
  const only = (['methods', 'sample', 'batch', 'out', ...datasetFlagNames] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (only) throw new InvSegError('INVALID_OPTION', `Expected --dataset with ${spelt(only)}, which belongs to it`);
  const settings = parseSettings(flags.set);
  checkSteps(methodOf(settings), flags);
  const batches = flags.batches === undefined ? undefined : readBatches(flags.batches);
  const engine = resolveEngineOptions(engineFlags(flags));
  if (flags.keep !== undefined && flags.random === undefined)
    throw new InvSegError('INVALID_OPTION', 'Expected --random with --keep, which says where its weights are kept');
  // What is wrong with the call is said before 2.5 GB are written, or a model is opened.
  const options = { ...settings, ...(steps !== undefined && { steps: parseValue(steps) as number }) };
  const categories = (flags.categories ?? 'cat,bus').split(',').map((name) => name.trim());
  parseCategories(categories, resolveOptions(options).background.name);
  if (image !== undefined) await decodeImage(image, { signal: io.signal });
  if (flags.random !== undefined) checkThere(engine.device);
  // Freed after the segmenter, which may read its weights again.
  await using random = flags.random && (await openRandom(flags.random, flags.keep, io));
  const model = random ? { ...engine, model: random.folder } : engine;
  await using segmenter = await interruptible(io.openSegmenter(model), io.signal);
  if (rate !== undefined && !countedModels.includes(segmenter.info.model.name))
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected a model whose operations were counted (${countedModels.join(', ')}) for --rate but the model is ${segmenter.info.model.name}; leave --rate out`,
    );
  const batchesOf = batches ?? (segmenter.info.device.startsWith('cuda') ? [1, 2, 4, 8, 16] : []);
  let known: BenchReport | undefined;
  const work = bench({
    segmenter,
    picture: image ?? drawnPicture(),
    categories,
    options,
    images,
    warmup,
    batches: batchesOf,
    random: random !== undefined,
    signal: io.signal,
    onImage: (image) => io.err(image > 0 ? `image ${image}/${images}\n` : `warm-up ${image + warmup}/${warmup}\n`),
    onReport: (report) => {
      known = report;
      const next = batchesOf[report.batches?.length ?? 0];
      if (next !== undefined) io.err(`${next} in one pass\n`);
    },
  });
  const keep = async (report: BenchReport): Promise<void> => {
    io.out(asTable(report));
    if (flags.json !== undefined) await write('--json', flags.json, `${JSON.stringify(report, null, 2)}\n`);
    if (flags.page !== undefined) await write('--page', flags.page, renderBench(report, { rate: rate && rate * 1e12 }));
  };
  let report: BenchReport;
  try {
    report = await work;
  } catch (error) {
    // What was measured until then is kept.
    if (known) await keep(known);
    throw error;
  }
  await keep(report);
  const comparison = before && compareBenches(before, report, threshold);
  if (comparison) io.out(asComparison(comparison, flags.against!));
  return comparison?.slower ? EXIT.failed : EXIT.ok;
}

const spelt = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Of `--set method=…`; what is no method is refused where it is used. */
function methodOf({ method }: MethodOverrides): MethodName {
  return methodNames.find((name) => name === method) ?? 'invseg';
}

async function datasetRows(image: string | undefined, flags: BenchFlags, io: Io): Promise<number> {
  if (image !== undefined)
    throw new InvSegError('INVALID_OPTION', `Expected an image or --dataset but received both (${image})`);
  const { json } = flags;
  let mode: 'w' | 'a' = 'w';
  // A row is on the disk before the next method begins.
  await benchDataset(flags, io, async (line) => {
    if (json !== undefined) await write('--json', json, line, mode);
    mode = 'a';
  });
  return EXIT.ok;
}

/** Before weights are written for it. @throws {InvSegError} `DEVICE_UNAVAILABLE`, the codes of a missing set-up */
function checkThere(device: string): void {
  const addon = loadBinding();
  checkDevice(addon, device);
  const { cudaDevices } = addon.binding.info();
  const [kind, index = '0'] = device.split(':');
  if (kind === 'cuda' && !(Number(index) < cudaDevices))
    throw new InvSegError(
      'DEVICE_UNAVAILABLE',
      `Device ${device} is not there: LibTorch sees ${cudaDevices} GPUs; run invseg doctor`,
    );
}

function openRandom(name: RandomModelName, folder: string | undefined, io: Io): Promise<RandomModel> {
  io.err(`writing random weights${folder === undefined ? '' : ` to ${folder}, unless they are there`}\n`);
  return randomModel(name, { folder, signal: io.signal });
}

function readBatches(text: string): number[] {
  if (text === 'none') return [];
  return text.split(',').map((one) => integer(1, 64).read(parseValue(one.trim()), '--batches'));
}

function share(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvSegError(
    'INVALID_OPTION',
    `Expected a share of at least 0, such as 0.1, for --threshold but received ${text}`,
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvSegError('INVALID_OPTION', `Expected TFLOP/s above 0 for --rate but received ${text}`);
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

async function write(flag: string, file: string, content: string, mode: 'w' | 'a' = 'w'): Promise<void> {
  try {
    await writeFile(file, content, { flag: mode });
  } catch (cause) {
    throw new InvSegError('OUTPUT_FAILED', `Cannot write ${flag} ${file}: ${(cause as Error).message}`, { cause });
  }
}
