/** `invseg reproduce`: the paper's tables on a data set, ours beside the paper's. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { datasetDefinitions, openDataset } from '../datasets/index.js';
import type { Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { absentRules } from '../evaluation/index.js';
import type { AbsentRule, Evaluation } from '../evaluation/index.js';
import { openBundle, resolutions } from '../models/index.js';
import { resolveOptions } from '../options/index.js';
import type { EngineOptions } from '../options/index.js';
import { integer } from '../options/rules.js';
import { checkRunnable, machineOf, makePlan, reproduce, tableMarkdown, tableText } from '../reproduce/index.js';
import type { Circumstances, TableResult } from '../reproduce/index.js';
import { packageVersion } from '../version.js';
import { addDatasetFlags, datasetHelp } from './dataset-flags.js';
import type { DatasetFlags } from './dataset-flags.js';
import { writeRun } from './evaluate-files.js';
import { EXIT } from './failure.js';
import { methodFlags, parseValue } from './flags.js';
import type { SegmentFlags } from './flags.js';
import { optionsHelp } from './help.js';
import type { Io } from './io.js';
import { prepareFolder, writeWhole } from './outputs.js';
import { chooseDataset, chooseTables, parseRows, parseSeeds } from './reproduce-choice.js';
import { Engines, enginesOf } from './reproduce-engines.js';
import type { EngineFlags } from './reproduce-engines.js';
import { ReproduceLine } from './reproduce-line.js';
import { planText } from './reproduce-list.js';
import { addReproduceNamesFlags, NamesBench } from './reproduce-names.js';
import type { ReproduceNamesFlags } from './reproduce-names.js';

interface ReproduceFlags extends DatasetFlags, ReproduceNamesFlags, EngineFlags, Pick<SegmentFlags, 'steps' | 'set' | 'out'> {
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
    .option('--sources <list>', 'of the grid: ground-truth, captions, precomputed, diffsegmenter', 'ground-truth,captions,diffsegmenter')
    .addOption(new Option('--absent <rule>', 'classes without a pixel: out of the means, 0, or also out where only predicted').choices([...absentRules]).default('nan-mean'))
    .option('--list', 'say what would run, without a model')
    .option('-m, --model <folder>', 'weights in diffusers layout or a bundle (default: the small model in the package)')
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
    .action(async (asked: string[], flags: ReproduceFlags) => done(await reproduceCommand(asked, flags, io, commandLine(command, asked))));
}

async function reproduceCommand(asked: readonly string[], flags: ReproduceFlags, io: Io, typed: string): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const tables = chooseTables(asked, flags.methods, flags.sources);
  const rows = parseRows(flags.rows);
  const seeds = parseSeeds(flags.seeds);
  const sample = flags.sample === undefined ? undefined : integer(1, 10_000_000).read(parseValue(flags.sample), 'sample');
  const options = commonOptions(flags);
  const engines = enginesOf(flags, io);
  const [engine] = engines as [EngineOptions];
  const chosen = chooseDataset(flags.dataset, flags);
  const bundle = await openBundle(engine.model);
  const { training } = bundle.manifest.defaults;
  const dataset = await openDataset({ ...chosen.options, ...(flags.onProblem !== undefined && { onProblem: flags.onProblem as 'skip' }) });
  await using names = await NamesBench.make(flags, dataset, engine);
  const input = { tables, names: names.offers, options, rows };
  const plan = makePlan({ ...input, model: { resolutions: resolutions(bundle.manifest), training } });
  if (flags.list) {
    io.out(await planText(plan, { out: flags.out, pictures: dataset.ids.length, seeds, sample }));
    return EXIT.ok;
  }
  checkRunnable(plan);
  await prepareFolder(flags.out);
  const weights = await bundle.weightsHash();

  const line = new ReproduceLine(io);
  try {
    line.write('loading the model');
    await using opened = await Engines.open(engines, io);
    const results = await reproduce({
      ...input,
      segmenters: opened.all,
      training,
      dataset,
      out: flags.out,
      seeds,
      sample,
      weights,
      absent: flags.absent,
      signal: io.signal,
      onProgress: (progress) => line.progress(progress),
    });
    line.write('writing the reports');
    await writeReports(results, flags);
    line.clear();
    const infos = opened.all.map(({ info }) => info);
    const { model } = infos[0]!;
    const circumstances: Circumstances = {
      command: typed,
      date: new Date().toISOString(),
      version: packageVersion(),
      dataset: describeDataset(dataset, chosen.name, sample),
      seeds,
      model: { name: model.name, version: model.version, weights },
      machine: machineOf(infos, engine.threads),
      absent: flags.absent,
      options: { ...options },
      paper: chosen.paper,
      orientation: chosen.orientation,
    };
    for (const result of results) {
      const file = path.join(flags.out, result.name);
      await writeWhole(`${file}.json`, `${JSON.stringify({ format: 'invseg-table/1', ...result, circumstances }, null, 2)}\n`);
      await writeWhole(`${file}.md`, tableMarkdown(result, circumstances));
      io.out(`${tableText(result, circumstances)}\n`);
    }
    io.err(`${results.map(({ name }) => path.join(flags.out, `${name}.*`)).join(', ')}\n`);
    return EXIT.ok;
  } finally {
    line.clear();
  }
}

/** What `invseg evaluate` leaves beside a journal, for the runs that have grown since. */
async function writeReports(results: readonly TableResult[], { out, absent }: Pick<ReproduceFlags, 'out' | 'absent'>): Promise<void> {
  const runs = new Map(results.flatMap(({ rows }) => rows.flatMap(({ ours }) => (ours?.runs ?? []).map((run) => [run.folder, run] as const))));
  for (const [folder, { pictures }] of runs) {
    const text = await readFile(path.join(out, folder, 'report.json'), 'utf8').catch(() => 'null');
    const there = JSON.parse(text) as Evaluation | null;
    const same = there?.absent === absent && there.pictures.evaluated === pictures.evaluated && there.pictures.skipped === pictures.skipped;
    if (!same) await writeRun(path.join(out, folder), absent);
  }
}

/** What the rows themselves decide cannot be decided for all of them. */
function commonOptions(flags: ReproduceFlags): ReturnType<typeof methodFlags> {
  const options = methodFlags({ steps: flags.steps, set: flags.set } as Parameters<typeof methodFlags>[0]);
  const own = (['method', 'preset', 'seed'] as const).find((key) => options[key] !== undefined);
  if (own !== undefined) throw new InvSegError('INVALID_OPTION', `The rows have their own ${own}; leave it out of --set`);
  resolveOptions(options);
  return options;
}

function describeDataset({ protocol, split, ids }: Dataset, name: string, sample: number | undefined): Circumstances['dataset'] {
  return { name, protocol, split: split ?? null, pictures: ids.length, sample: sample ?? null };
}

/** The command as it was typed, but for the order of its flags. */
function commandLine(command: Command, asked: readonly string[]): string {
  const values = command.opts<Record<string, unknown>>();
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  const flags = given.flatMap((option) => {
    const value = values[option.attributeName()];
    const name = option.long ?? option.flags;
    return value === true ? [name] : (Array.isArray(value) ? value : [value]).flatMap((one) => [name, quoted(String(one))]);
  });
  return ['invseg', 'reproduce', ...asked, ...flags].join(' ');
}

const quoted = (text: string): string => (/^[\w./,:=+@~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
