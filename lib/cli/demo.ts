/** `invseg demo`: masks of the bundled images, by the model in the package. Needs nothing but LibTorch. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { categoryPalette, drawOverlay, drawPanel, encodeLabels } from '../draw/index.js';
import { InvSegError } from '../errors.js';
import { decodeImage } from '../image/index.js';
import { PACKAGE_ROOT } from '../native/index.js';
import type { Segmenter } from '../segmenter/index.js';
import { makeFolder } from '../system/index.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';

interface DemoFlags {
  out: string;
  steps: string;
  device: string;
}

const IMAGES = path.join(PACKAGE_ROOT, 'models', 'miniature', 'pictures');

export function addDemoCommand(program: Command, io: Io, done: (code: number) => void): void {
  program
    .command('demo')
    .summary('segment the bundled images, to see that it works')
    .description('Segments the bundled images with the bundled model: labels, overlays and panels.')
    .option('-o, --out <folder>', 'output folder', 'invseg-demo')
    .option('--steps <count>', 'optimisation steps', '15')
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>', 'auto')
    .option('--debug', 'print stack traces of errors')
    .action(async (flags: DemoFlags) => done(await demoCommand(flags, io)));
}

/**
 * Writes `<name>.labels.png`, `<name>.overlay.png` and `<name>.panel.png` (input, baseline, InvSeg) for each image.
 *
 * @throws {InvSegError} the codes of `Segmenter.open` and `segment`; `OUTPUT_FAILED`
 */
async function demoCommand({ out, steps: count, device }: DemoFlags, io: Io): Promise<number> {
  const folder = path.resolve(out);
  const steps = Number(count);
  const listed = JSON.parse(await readFile(path.join(IMAGES, 'pictures.json'), 'utf8')) as Record<
    string,
    { categories: string[] }
  >;
  const began = performance.now();
  const segmenter = await io.openSegmenter({ device });
  try {
    await write(folder, () => makeFolder(folder));
    for (const [file, { categories }] of Object.entries(listed)) {
      const shares = await show(segmenter, path.join(IMAGES, file), categories, { steps, signal: io.signal }, folder);
      io.out(`${file}: ${shares}\n`);
    }
  } finally {
    await segmenter.dispose();
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  io.out(`${Object.keys(listed).length} images in ${seconds} s; masks, overlays and panels in ${folder}\n`);
  return EXIT.ok;
}

/** @returns the names with the share of the image that each was given */
async function show(
  segmenter: Pick<Segmenter, 'segment'>,
  file: string,
  names: string[],
  options: { steps: number; signal: AbortSignal },
  folder: string,
): Promise<string> {
  const image = await decodeImage(file);
  const raw = { data: image.rgb, width: image.width, height: image.height, channels: 3 as const };
  const baseline = await segmenter.segment(raw, { ...options, categories: names, method: 'baseline' });
  const { labels, categories, segments } = await segmenter.segment(raw, { ...options, categories: names });
  const columns = [
    { title: 'baseline', labels: baseline.labels },
    { title: `InvSeg, ${options.steps} steps`, labels },
  ];
  const stem = path.join(folder, path.parse(file).name);
  const { width, height } = image;
  const files = {
    labels: encodeLabels(labels, width, height, categoryPalette(categories.length)),
    overlay: await drawOverlay({ image, labels, categories }),
    panel: await drawPanel({ image, columns, categories }),
  };
  for (const [name, content] of Object.entries(files))
    await write(`${stem}.${name}.png`, (target) => writeFile(target, content));
  return segments.map(({ label, share }) => `${label} ${(100 * share).toFixed(1)} %`).join(', ');
}

async function write(target: string, work: (target: string) => Promise<unknown>): Promise<void> {
  try {
    await work(target);
  } catch (error) {
    const message = `${target} could not be written: ${(error as Error).message}; name another folder with --out`;
    throw new InvSegError('OUTPUT_FAILED', message, { cause: error });
  }
}
