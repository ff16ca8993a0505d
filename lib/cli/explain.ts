/** `invseg explain`: one picture in, a page of pictures out. */
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { paletteNames } from '../draw/index.js';
import { InvSegError } from '../errors.js';
import { explain, readIndexMask, renderExplanation } from '../explain/index.js';
import { decodeImage } from '../image/index.js';
import { openNameSource } from '../names/index.js';
import { methodNames, resolveEngineOptions, resolveOptions } from '../options/index.js';
import type { AlbumFile } from '../page/index.js';
import { prepareFolder, writeWhole } from '../system/index.js';
import { parseCategories } from '../text/index.js';
import { shareText } from '../words.js';
import { addEngineFlags, addHelp, addMethodFlags } from './flags/add.js';
import { checkFor } from './flags/check-for.js';
import type { ExplainFlags } from './flags/explain.js';
import { parseMethods, parsePoints, readMaskNames } from './flags/explain.js';
import { addNamesFlags, categoriesOption, checkFlags, nameOptions, pictureSources, sourceOf } from './flags/names.js';
import { engineFlags, methodFlags } from './flags/options.js';
import { EXIT } from './terminal/failure.js';
import { interruptible } from './terminal/interruptible.js';
import type { Io } from './terminal/io.js';
import { imageProgress, ProgressLine } from './terminal/progress.js';

const examples = `
Examples:
  $ invseg explain cat.jpg --categories "cat,potted plant" --out cat
  $ invseg explain cat.jpg --vocabulary voc
  $ invseg explain 2007_000033.jpg --categories airplane --mask 2007_000033.png --mask-names voc
  $ invseg explain cat.jpg --categories cat --points "120,80;40,200" --methods invseg,baseline`;

export function addExplainCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('explain')
    .summary('a page that shows what happened to an image')
    .description('Writes index.html (one self-contained file), explain.json, and every image of the page as PNG.')
    .argument('<image>', 'one image')
    .addOption(categoriesOption('names to look for, comma-separated; the background is added'));
  addNamesFlags(command, pictureSources, 'given; with only --vocabulary, diffsegmenter')
    .option('--mask <file>', 'ground truth: PNG of indices at the size of the image; 0 background, 255 ignored')
    .option(
      '--mask-names <names>',
      'names of the indices 1, 2, … of the mask, or a vocabulary such as voc (default: --categories)',
    )
    .option('--methods <names>', `masks to show (default: ${methodNames.join(',')})`)
    .option('--points <x,y;…>', 'pixels whose distances to all others are shown (default: one per category)')
    .addOption(new Option('--palette <name>', 'colours of the masks').choices([...paletteNames]).default('okabe-ito'));
  addMethodFlags(addEngineFlags(command), ['steps', 'seed', 'preset', 'set']).option(
    '-o, --out <folder>',
    'output folder',
    'invseg-explain',
  );
  addHelp(command, examples).action(async (image: string, flags: ExplainFlags) =>
    done(await explainCommand(image, flags, io)),
  );
}

/** @returns exit code: `failed` where a method gave no mask @throws what ends the run: wrong options, no picture, Ctrl-C */
async function explainCommand(image: string, flags: ExplainFlags, io: Io): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const overrides = methodFlags(flags);
  const background = resolveOptions(overrides).background.name;
  const engine = resolveEngineOptions(engineFlags(flags));
  const source = sourceOf(flags);
  if (source === 'given') {
    checkFlags('given', flags);
    if (flags.categories === undefined)
      throw new InvSegError(
        'INVALID_CATEGORIES',
        'Expected names in --categories, or --vocabulary to find them in, but received neither',
      );
    parseCategories(flags.categories, background);
  }
  checkFor('--mask-names', flags.maskNames, '--mask', flags.mask);
  const methods = parseMethods(flags.methods);
  const points = parsePoints(flags.points);
  const { rgb, width, height, warnings } = await decodeImage(image, { signal: io.signal });
  const truth = flags.mask === undefined ? undefined : await readIndexMask(flags.mask, { width, height });
  const maskNames = (await readMaskNames(flags.maskNames)) ?? truth?.names;
  await using names =
    source === 'given' ? undefined : await openNameSource(source, { ...nameOptions(source, flags), engine });
  await prepareFolder(flags.out);

  const progress = new ProgressLine(io, imageProgress);
  const began = performance.now();
  try {
    progress.write('loading the model');
    await using segmenter = await interruptible(io.openSegmenter(engine), io.signal);
    const name = path.basename(image);
    const picture = { data: rgb, width, height, channels: 3 } as const;
    const found = await names?.of(image, picture);
    const categories = found?.names ?? parseCategories(flags.categories, background);
    if (categories.length === 0)
      throw new InvSegError(
        'INVALID_CATEGORIES',
        `${image}: no class was named (${found!.origin}); name some with --categories`,
      );
    if (found) io.err(`${name}: ${categories.join(', ')} (${found.origin})\n`);
    const explanation = await explain(segmenter, picture, {
      ...overrides,
      categories,
      methods,
      mask: truth?.mask,
      maskNames,
      points,
      palette: flags.palette,
      signal: io.signal,
      onProgress: (method, event) => progress.update({ title: `${name}, ${method}`, ...event }),
    });
    explanation.invseg.warnings.unshift(...warnings, ...(found?.warnings ?? []));
    progress.write('drawing');
    const files = await renderExplanation(explanation, name);
    await writeAll(flags.out, files);
    progress.clear();
    for (const { method, failure, agreement } of explanation.runs) {
      if (failure !== undefined) io.err(`warning: ${method} gave no mask: ${failure}\n`);
      else if (agreement) io.err(`${method}: mIoU ${shareText(agreement.mean)}\n`);
    }
    const bytes = Buffer.byteLength(files.find((file) => file.name === 'index.html')!.content);
    const spent = ((performance.now() - began) / 1000).toFixed(1);
    io.err(`${name}: page of ${(bytes / 1e6).toFixed(2)} MB and ${files.length - 1} files in ${spent} s\n`);
    io.out(`${path.join(flags.out, 'index.html')}\n`);
    return explanation.runs.some(({ failure }) => failure !== undefined) ? EXIT.failed : EXIT.ok;
  } finally {
    progress.clear();
  }
}

/** The page, the first of the files, comes last: where it is, its pictures are. */
async function writeAll(folder: string, files: readonly AlbumFile[]): Promise<void> {
  const targets = files.map(({ name, content }) => ({ file: path.join(folder, ...name.split('/')), content }));
  for (const part of new Set(targets.map(({ file }) => path.dirname(file)))) await prepareFolder(part);
  for (const { file, content } of targets.reverse()) await writeWhole(file, content);
}
