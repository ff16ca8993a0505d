/** `invseg segment`: pictures in, labels, overlay and report of each out. */
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { shownPath } from '../addresses.js';
import { paletteNames } from '../draw/index.js';
import { InvSegError } from '../errors.js';
import type { DecodedImage } from '../image/index.js';
import { listImages } from '../image/index.js';
import { methods } from '../methods/index.js';
import type { OpenedNames } from '../names/index.js';
import { openNameSource } from '../names/index.js';
import type { MethodOptions, MethodOverrides } from '../options/index.js';
import { methodNames, resolveEngineOptions, resolveOptions } from '../options/index.js';
import { labelOrders, outputStems, saveResult } from '../results/index.js';
import type { Segmenter, SegmentResult } from '../segmenter/index.js';
import { allBackground, Decoding, unknownNamesWarning } from '../segmenter/index.js';
import { prepareFolder } from '../system/index.js';
import { parseCategories } from '../text/index.js';
import { shareText } from '../words.js';
import { addEngineFlags, addHelp, addMethodFlags, addOutputFlags } from './flags/add.js';
import { checkSteps } from './flags/check-for.js';
import type { NamesFlags } from './flags/names.js';
import { addNamesFlags, categoriesOption, checkFlags, nameOptions, pictureSources, sourceOf } from './flags/names.js';
import type { SegmentFlags } from './flags/options.js';
import { engineFlags, methodFlags, outputFlags } from './flags/options.js';
import { describeError, EXIT, errorJson, isFatal } from './terminal/failure.js';
import { interrupted, interruptible } from './terminal/interruptible.js';
import type { Io } from './terminal/io.js';
import type { ImageProgress } from './terminal/progress.js';
import { imageProgress, ProgressLine } from './terminal/progress.js';

export const segmentExamples = `
Examples:
  $ invseg segment cat.jpg --categories "cat,potted plant"
  $ invseg segment photos/ 'more/*.png' --categories "dog,person" --out masks --json
  $ invseg segment cat.jpg --categories cat --model ~/models/stable-diffusion-2-1-base --device cuda
  $ invseg segment photos/ --vocabulary voc
  $ invseg segment cat.jpg --method diffseg
  $ invseg segment cat.jpg --categories cat --set views.crop.min=0.8 --set loss.alpha=0.1

Exit codes: 0 success, 1 an image (or the set-up) failed, 2 wrong usage, 130 interrupted.`;

export function addSegmentCommand(program: Command, io: Io, done: (code: number) => void, debug: boolean): void {
  const command = program
    .command('segment')
    .summary('segment images')
    .description('Writes <name>.labels.png (palette), <name>.overlay.png and <name>.json for each image.')
    .argument('<image...>', 'image files, folders of images, or patterns')
    .addOption(categoriesOption('names to look for, comma-separated; the background is added'));
  addNamesFlags(command, pictureSources, 'given; with only --vocabulary, diffsegmenter');
  addMethodFlags(addEngineFlags(command), ['method', 'steps', 'seed', 'preset', 'set'])
    .addOption(
      new Option('--palette <name>', 'colours (okabe-ito: colour-blind safe)')
        .choices([...paletteNames])
        .default('voc'),
    )
    .addOption(
      new Option('--labels <order>', 'index of the background in labels.png (first as in VOC)')
        .choices([...labelOrders])
        .default('background-last'),
    )
    .option('-o, --out <folder>', 'output folder', 'invseg-output')
    .option('--json', 'print one JSON line per image');
  addHelp(addOutputFlags(command), segmentExamples).action(async (images: string[], flags: SegmentFlags & NamesFlags) =>
    done(await segmentCommand(images, flags, io, debug)),
  );
}

/** @returns exit code @throws what ends the whole run: wrong options, no folder, no model, Ctrl-C */
async function segmentCommand(
  patterns: readonly string[],
  flags: SegmentFlags & NamesFlags,
  io: Io,
  debug: boolean,
): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const options = resolveOptions(methodFlags(flags));
  checkSteps(options.method, flags);
  const engine = resolveEngineOptions(engineFlags(flags));
  const source = sourceOf(flags);
  if (source === 'given') checkCategories(flags, options);
  // Names that are given, or none where none are needed, go to the segmenter as they are.
  await using names =
    source === 'given' ? undefined : await openNameSource(source, { ...nameOptions(source, flags), engine });
  const batch = new Batch(flags, names, io, debug);
  const { images, failures } = await findImages(patterns);
  for (const [pattern, error] of failures) batch.fail(pattern, error);
  if (images.length === 0) return EXIT.failed;
  await prepareFolder(flags.out);

  const progress = new ProgressLine(io, imageProgress);
  progress.write('loading the model');
  await using segmenter = await interruptible(io.openSegmenter(engine), io.signal).finally(() => progress.clear());
  const stems = outputStems(images);
  const pictures = images.map((image) => new Decoding(image, { signal: io.signal }));
  for (const [index, image] of images.entries()) {
    const place = images.length === 1 ? '' : ` (${index + 1} of ${images.length})`;
    const title = `${path.basename(image)}${place}`;
    try {
      // Decoded once, for the names, for the engine and for the overlay; the next one while this one is segmented.
      const decoded = pictures[index]!.take();
      pictures[index + 1]?.begin();
      await batch.segment(segmenter, { image, decoded: await decoded }, stems[index]!, title, progress);
    } catch (error) {
      if (io.signal.aborted) throw interrupted(`${index} of ${images.length} images are finished, in ${flags.out}`);
      if (isFatal(error)) throw error;
      batch.fail(image, error);
    } finally {
      progress.clear();
    }
  }
  return batch.failed > 0 ? EXIT.failed : EXIT.ok;
}

/** Names that are told of a picture; the report has all of them. */
const TOLD = 20;

/** In the names' order; of more than `TOLD` the largest. */
function shares(segments: SegmentResult['segments']): string {
  const least = [...segments].sort((a, b) => b.share - a.share)[TOLD - 1]?.share ?? 0;
  const told = segments.filter(({ share }) => share >= least).slice(0, TOLD);
  const rest = segments.length - told.length;
  return (
    told.map(({ label, share }) => `${label} ${shareText(share)}`).join(', ') +
    (rest > 0 ? ` and ${rest} more names` : '')
  );
}

function checkCategories(flags: NamesFlags & Pick<SegmentFlags, 'labels'>, options: MethodOptions): void {
  const { method, background } = options;
  checkFlags('given', flags);
  if (flags.categories === undefined && flags.labels === 'background-first' && !methods[method].needsNames) {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected names in --categories for --labels background-first, but without names ${method} numbers its ` +
        'segments, and none is the background',
    );
  }
  if (flags.categories !== undefined) parseCategories(flags.categories, background.name);
  else if (methods[method].needsNames) {
    const without = methodNames.filter((name) => !methods[name].needsNames).join(', ');
    throw new InvSegError(
      'INVALID_CATEGORIES',
      `Expected names in --categories for the method ${method}, or --vocabulary to find them in; without names there is ${without}`,
    );
  }
}

/** Pictures of all patterns that name some, and the errors of the others. */
async function findImages(patterns: readonly string[]): Promise<{ images: string[]; failures: [string, unknown][] }> {
  const found = new Map<string, string>();
  const failures: [string, unknown][] = [];
  for (const pattern of patterns) {
    try {
      for (const image of await listImages([pattern])) {
        if (!found.has(path.resolve(image))) found.set(path.resolve(image), image);
      }
    } catch (error) {
      failures.push([pattern, error]);
    }
  }
  return { images: [...found.values()], failures };
}

class Batch {
  failed = 0;
  readonly #flags: SegmentFlags;
  readonly #overrides: MethodOverrides;
  /** Warnings that hold for every picture. */
  readonly #told = new Set<string>();
  readonly #names: OpenedNames | undefined;
  readonly #io: Io;
  readonly #debug: boolean;

  constructor(flags: SegmentFlags, names: OpenedNames | undefined, io: Io, debug: boolean) {
    this.#flags = flags;
    this.#overrides = methodFlags(flags);
    this.#names = names;
    this.#io = io;
    this.#debug = debug;
  }

  /** Segments that are only numbered have no background. */
  get #hasBackground(): boolean {
    return this.#names !== undefined || this.#flags.categories !== undefined;
  }

  fail(image: string, error: unknown): void {
    this.failed++;
    this.#io.err(describeError(error, this.#debug));
    if (this.#flags.json) this.#io.out(`${JSON.stringify({ image: shownPath(image), error: errorJson(error) })}\n`);
  }

  async segment(
    segmenter: Segmenter,
    { image, decoded }: { image: string; decoded: DecodedImage },
    stem: string,
    title: string,
    progress: ProgressLine<ImageProgress>,
  ): Promise<void> {
    const { signal } = this.#io;
    const { rgb, width, height, warnings } = decoded;
    const picture = { data: rgb, width, height, channels: 3 } as const;
    const found = await this.#names?.of(image, picture);
    const categories = found ? found.names : this.#flags.categories;
    const options = resolveOptions(this.#overrides, segmenter.info.model.methods);
    const nothing = found !== undefined && found.names.length === 0 && methods[options.method].needsNames;
    const result = nothing
      ? allBackground(width, height, options, `No class was named (${found.origin}): the image is all background`)
      : await segmenter.segment(picture, {
          ...options,
          ...outputFlags(this.#flags),
          categories,
          signal,
          onProgress: (event) => progress.update({ title, ...event }),
        });
    result.warnings.unshift(...warnings, ...(found?.warnings ?? []));
    const { out: folder, palette, labels } = this.#flags;
    const { report } = await saveResult(result, {
      folder,
      create: false, // that somebody removed it ends the run
      name: stem,
      image: { rgb, width, height },
      info: segmenter.info,
      palette,
      labels,
      hasBackground: this.#hasBackground,
      source: image,
      names: found?.origin,
    });
    progress.clear();
    this.#tell(segmenter, image, stem, result, report);
  }

  #tell(
    segmenter: Segmenter,
    image: string,
    stem: string,
    result: SegmentResult,
    report: Record<string, unknown>,
  ): void {
    const unknown = result.unknownNames && unknownNamesWarning(segmenter.info.model, result.unknownNames);
    for (const warning of result.warnings) {
      if (warning === unknown && this.#told.has(warning)) continue;
      this.#told.add(warning);
      this.#io.err(`warning: ${warning}\n`);
    }
    const { losses, timings } = result;
    const [first, last] = [losses[0], losses.at(-1)].map((loss) => loss?.total.toFixed(4));
    const loss = first === undefined ? '' : `, first and last loss ${first} and ${last}`;
    const seconds = (timings.total / 1000).toFixed(1);
    this.#io.err(`${image}: ${result.status} in ${seconds} s${loss}; ${path.join(this.#flags.out, `${stem}.*`)}\n`);
    if (this.#flags.json) this.#io.out(`${JSON.stringify({ ...report, out: path.resolve(this.#flags.out) })}\n`);
    else this.#io.out(`${image}: ${shares(result.segments)}\n`);
  }
}
