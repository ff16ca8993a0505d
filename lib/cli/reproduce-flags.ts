/** Flags of `invseg reproduce`. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { datasetDefinitions } from '../datasets/index.js';
import type { AbsentRule } from '../evaluation/index.js';
import { absentRules } from '../evaluation/index.js';
import type { DatasetFlags } from './dataset-flags.js';
import { addDatasetFlags, datasetHelp } from './dataset-flags.js';
import type { SegmentFlags } from './flags.js';
import { optionsHelp } from './help.js';
import type { Io } from './io.js';
import { reproduceCommand } from './reproduce.js';
import type { EngineFlags } from './reproduce-engines.js';
import type { ReproduceNamesFlags } from './reproduce-names.js';
import { addReproduceNamesFlags } from './reproduce-names.js';

export interface ReproduceFlags
  extends DatasetFlags,
    ReproduceNamesFlags,
    EngineFlags,
    Pick<SegmentFlags, 'steps' | 'set' | 'out'> {
  dataset?: string;
  sample?: string;
  seeds: string;
  rows?: string;
  methods: string;
  sources: string;
  onProblem?: string;
  absent: AbsentRule;
  list?: true;
}

const examples = `
Examples:
  $ invseg reproduce table2 --dataset miniature --seeds 3 --sample 50 --out tables
  $ invseg reproduce all --list --dataset miniature
  $ invseg reproduce table1 --rows 14-17 --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1 --clip ~/models/clip-vit-large-patch14 --blip ~/models/blip-large
  $ invseg reproduce grid --methods baseline,invseg --sources ground-truth,captions --dataset miniature

The same command goes on where it ended, however it ended. In --out: <table>.md and <table>.json, and runs/ with a folder for each
row's settings and seed, as invseg evaluate makes them (report.html too); rows of equal settings share it. docs/reproduce.md has the commands for all data sets.`;

export function addReproduceCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('reproduce')
    .summary("the paper's tables, ours beside the paper's")
    .description('Runs the rows of tables of the paper on a data set, or methods × sources of names (grid).')
    .argument('<table...>', 'table1 … table7, grid, or all (the seven)')
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command).option('--on-problem <rule>', datasetDefinitions.onProblem.help);
  addReproduceNamesFlags(command)
    .option('--sample <count>', 'pictures of each run, drawn by its seed (default: all)')
    .option('--seeds <list>', 'how many (3 is 0,1,2), or which (0,5,9); of the draw and of the method', '1')
    .option('--rows <list>', 'some rows of one table, such as 1,3 or 14-16')
    .option('--methods <list>', 'of the grid', 'baseline,invseg,diffsegmenter')
    .option(
      '--sources <list>',
      'of the grid: ground-truth, captions, precomputed, diffsegmenter',
      'ground-truth,captions,diffsegmenter',
    )
    .addOption(
      new Option('--absent <rule>', 'classes without a pixel: out of the means, 0, or also out where only predicted')
        .choices([...absentRules])
        .default('nan-mean'),
    )
    .option('--list', 'say what would run, without a model')
    .option('-m, --model <folder>', 'weights in diffusers layout or a bundle (default: the small model in the package)')
    .option(
      '--trust-code',
      'load a model whose TorchScript is not of this package: a program, which may do what you may',
    )
    .option('--copy-weights', 'copy the weights into memory instead of mapping their files: for network disks')
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>')
    .option('--devices <list>', 'cuda:0,cuda:1: several at once, each on another run (default: every CUDA device)')
    .option('--dtype <dtype>', 'auto, float32, bfloat16 or float16')
    .option('--threads <count>', 'CPU threads; 0 is automatic')
    .option('--steps <count>', 'optimisation steps of all rows (default: 15)')
    .addOption(
      new Option('--set <key=value>', 'an option under all rows, see below; what a row varies wins; may be repeated')
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('-o, --out <folder>', 'where tables and runs go', 'invseg-tables')
    .option('--debug', 'print stacks of errors')
    .addHelpText('after', () => `${optionsHelp()}\n${examples}`)
    .action(async (asked: string[], flags: ReproduceFlags) =>
      done(await reproduceCommand(asked, flags, io, commandLine(command, asked))),
    );
}

/** The command as it was typed, but for the order of its flags. */
function commandLine(command: Command, asked: readonly string[]): string {
  const values = command.opts<Record<string, unknown>>();
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  const flags = given.flatMap((option) => {
    const value = values[option.attributeName()];
    const name = option.long ?? option.flags;
    return value === true
      ? [name]
      : (Array.isArray(value) ? value : [value]).flatMap((one) => [name, quoted(String(one))]);
  });
  return ['invseg', 'reproduce', ...asked, ...flags].join(' ');
}

const quoted = (text: string): string => (/^[\w./,:=+@~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
