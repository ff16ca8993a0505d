/** Flags of `invseg explain`. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { paletteNames } from '../draw/index.js';
import { InvSegError } from '../errors.js';
import type { Names } from '../explain/index.js';
import type { MethodName } from '../methods/index.js';
import { methodNames } from '../methods/index.js';
import { loadVocabulary } from '../names/index.js';
import { presets } from '../options/index.js';
import { explainCommand } from './explain.js';
import type { SegmentFlags } from './flags.js';
import { optionsHelp } from './help.js';
import type { Io } from './io.js';
import type { NamesFlags } from './names.js';
import { addNamesFlags, pictureSources } from './names.js';

export interface ExplainFlags extends NamesFlags, Omit<SegmentFlags, 'method' | 'labels' | 'json' | 'saveMaps'> {
  methods?: string;
  mask?: string;
  maskNames?: string;
  points?: string;
}

const examples = `
Examples:
  $ invseg explain cat.jpg --categories "cat,potted plant" --out cat
  $ invseg explain cat.jpg --vocabulary voc
  $ invseg explain 2007_000033.jpg --categories airplane --mask 2007_000033.png --mask-names voc
  $ invseg explain cat.jpg --categories cat --points "120,80;40,200" --methods invseg,baseline`;

export function addExplainCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('explain')
    .summary('a page of pictures: what happened to one picture')
    .description(
      'Writes index.html (one file, opens without a network), explain.json, and every picture of the page as PNG.',
    )
    .argument('<image>', 'one picture')
    .option('-c, --categories <names>', 'names to look for, with commas between them; the background is added');
  addNamesFlags(command, pictureSources, 'given; diffsegmenter with a vocabulary and no categories')
    .option('--mask <file>', 'ground truth: PNG of indices as large as the picture, 0 background, 255 ignored')
    .option(
      '--mask-names <names>',
      'names of the indices 1, 2, … of the mask, or voc, coco, context-voc-first, context-alphabetical (default: the categories in their order)',
    )
    .option('--methods <names>', `masks to show, with commas between them (default: ${methodNames.join(',')})`)
    .option('--points <x,y;…>', 'pixels whose distances to all others are shown (default: one point a category)')
    .addOption(new Option('--palette <name>', 'colours of the masks').choices([...paletteNames]).default('okabe-ito'))
    .option('-m, --model <folder>', 'weights in diffusers layout or a bundle (default: the small model in the package)')
    .option(
      '--trust-code',
      'load a model whose TorchScript is not of this package: a program, which may do what you may',
    )
    .option('--copy-weights', 'copy the weights into memory instead of mapping their files: for network disks')
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>')
    .option('--dtype <dtype>', 'auto, float32, bfloat16 or float16')
    .option('--threads <count>', 'CPU threads; 0 is automatic')
    .option('--steps <count>', 'optimisation steps (default: 15)')
    .option('--seed <number>', 'seed of every random draw (default: 0)')
    .option('--preset <name>', `named settings: ${Object.keys(presets).join(', ')}`)
    .addOption(
      new Option('--set <key=value>', 'any option of the method, see below; may be repeated')
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('-o, --out <folder>', 'where the page goes', 'invseg-explain')
    .option('--debug', 'print stacks of errors')
    .addHelpText('after', () => `${optionsHelp()}\n${examples}`)
    .action(async (image: string, flags: ExplainFlags) => done(await explainCommand(image, flags, io)));
}

/** @throws {InvSegError} `INVALID_OPTION` for a name that is no method */
export function parseMethods(text: string | undefined): MethodName[] | undefined {
  return text?.split(',').map((part) => {
    const method = methodNames.find((name) => name === part.trim());
    if (method === undefined) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected some of ${methodNames.join(', ')} for --methods but received "${part.trim()}"`,
      );
    }
    return method;
  });
}

/** Names with commas between them, or a vocabulary's with their synonyms. */
export async function readMaskNames(text: string | undefined): Promise<Names[] | undefined> {
  if (text === undefined || !/^[a-z-]+$/.test(text)) return text?.split(',');
  const vocabulary = await loadVocabulary(text).catch((error: unknown) => {
    if (error instanceof InvSegError && error.code === 'NAMES_NOT_FOUND') return undefined; // one name
    throw error;
  });
  return vocabulary?.classes.map(({ name, prompt, synonyms }) => [name, prompt, ...synonyms]) ?? [text];
}

/** @throws {InvSegError} `INVALID_OPTION` for what is not `x,y;x,y` */
export function parsePoints(text: string | undefined): [number, number][] | undefined {
  return text?.split(';').map((part): [number, number] => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*$/.exec(part);
    if (!match) {
      const message = `Expected x,y;x,y (pixels from the upper left) for --points but received "${text}"`;
      throw new InvSegError('INVALID_OPTION', message);
    }
    return [Number(match[1]), Number(match[2])];
  });
}
