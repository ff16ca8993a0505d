/** `invseg reproduce`: the paper's tables on a data set, ours beside the paper's. */
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { integer } from '../checks/index.js';
import type { Dataset } from '../datasets/index.js';
import { datasetDefinitions, openDataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { parseDevices } from '../evaluation/index.js';
import { openBundle, resolutions } from '../models/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import type { Circumstances } from '../reproduce/index.js';
import {
  assumedOffers,
  checkRunnable,
  machineOf,
  makePlan,
  OfferedNames,
  planText,
  reproduce,
  tableText,
  writeReports,
  writeTables,
} from '../reproduce/index.js';
import { absentRules } from '../scores/index.js';
import { prepareFolder } from '../system/index.js';
import { packageVersion } from '../version.js';
import { addEngineFlags, addHelp, addMethodFlags } from './flags/add.js';
import { addDatasetFlags, datasetHelp } from './flags/dataset.js';
import { Engines, enginesOf } from './flags/engines.js';
import { runRule } from './flags/names.js';
import { engineFlags, methodFlags, parseValue } from './flags/options.js';
import type { ReproduceFlags } from './flags/reproduce.js';
import { chooseDataset, chooseTables, gridDefaults, parseRows, parseSeeds } from './flags/reproduce-choice.js';
import { addReproduceNamesFlags } from './flags/reproduce-names.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';
import { reproduceLine } from './terminal/reproduce-line.js';

const examples = `
Examples:
  $ invseg reproduce table2 --dataset miniature --seeds 3 --sample 50 --out tables
  $ invseg reproduce all --list --dataset miniature
  $ invseg reproduce table1 --rows 14-17 --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1 \\
      --clip ~/models/clip-vit-large-patch14 --blip ~/models/blip-image-captioning-large
  $ invseg reproduce grid --methods baseline,invseg --sources ground-truth,captions --dataset miniature

Run the same command again to resume. --out gets <table>.md and <table>.json, and runs/ with one folder per
setting and seed, as written by invseg evaluate. docs/reproduce.md has the commands for all data sets.`;

export function addReproduceCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('reproduce')
    .summary("the paper's tables, with our figures next to the paper's")
    .description("Runs the rows of the paper's tables on a data set, or a grid of methods and name sources.")
    .argument('<table...>', 'table1 … table7, grid, or all (the seven tables)')
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command).option('--on-problem <rule>', datasetDefinitions.onProblem.help);
  addReproduceNamesFlags(command)
    .option('--sample <count>', 'images per run, drawn by its seed (default: all)')
    .option('--seeds <list>', 'how many (3 means 0,1,2) or which (0,5,9)', '1')
    .option('--rows <list>', 'rows of one table, such as 1,3 or 14-16 (default: all)')
    .option('--methods <list>', `methods of the grid (default: ${gridDefaults.methods})`)
    .option('--sources <list>', `name sources of the grid (default: ${gridDefaults.sources})`)
    .addOption(new Option('--absent <rule>', 'classes without pixels').choices([...absentRules]).default('nan-mean'))
    .option('--list', 'show what would run, without loading a model')
    .option('--devices <list>', 'one run per device at a time: cuda:0,cuda:1 (default: all CUDA devices)');
  addMethodFlags(addEngineFlags(command), ['steps', 'set'], {
    steps: 'optimisation steps for all rows',
    set: 'an option for all rows (list: --help-all); what a row varies wins; repeatable',
  }).option('-o, --out <folder>', 'folder of the tables and runs', 'invseg-tables');
  addHelp(command, examples, ['clip', 'blip', 'precomputed']).action(async (asked: string[], flags: ReproduceFlags) =>
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

/** @param typed the command as a reader of the tables may type it @returns exit code */
async function reproduceCommand(
  asked: readonly string[],
  flags: ReproduceFlags,
  io: Io,
  typed: string,
): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const tables = chooseTables(asked, flags);
  const rows = parseRows(flags.rows);
  const seeds = parseSeeds(flags.seeds);
  const sample =
    flags.sample === undefined ? undefined : integer(1, 10_000_000).read(parseValue(flags.sample), 'sample');
  const options = commonOptions(flags);
  const engine = resolveEngineOptions(engineFlags(flags));
  if (flags.devices !== undefined) parseDevices(flags.devices);
  const bundle = await openBundle(engine.model, engine);
  const { training, methods } = bundle.manifest.defaults;
  const model = { resolutions: resolutions(bundle.manifest), training, methods };
  const listed = { out: flags.out, seeds, sample };
  if (flags.list && flags.dataset === undefined) {
    io.out(
      await planText(makePlan({ tables, names: assumedOffers(), options, rows, model }), {
        ...listed,
        pictures: undefined,
      }),
    );
    return EXIT.ok;
  }
  const chosen = chooseDataset(flags.dataset, flags);
  const dataset = await openDataset({
    ...chosen.options,
    ...(flags.onProblem !== undefined && { onProblem: flags.onProblem as 'skip' }),
  });
  await using names = await OfferedNames.make(flags, dataset, engine);
  const input = { tables, names: names.offers, options, rows };
  const plan = makePlan({ ...input, model });
  if (flags.list) {
    io.out(await planText(plan, { ...listed, pictures: dataset.ids.length }));
    return EXIT.ok;
  }
  checkRunnable(plan);
  await prepareFolder(flags.out);
  const identity = await bundle.identity();

  const line = reproduceLine(io);
  try {
    line.write('loading the model');
    await using opened = await Engines.open(enginesOf(flags, io), io);
    const results = await reproduce({
      ...input,
      segmenters: opened.all,
      training,
      dataset,
      out: flags.out,
      seeds,
      sample,
      identity,
      absent: flags.absent,
      onMissingNames: runRule(flags.onMissingNames),
      signal: io.signal,
      onProgress: (progress) => line.update(progress, progress.done === progress.total),
    });
    line.write('writing the reports');
    await writeReports(flags.out, results, flags.absent);
    line.clear();
    const infos = opened.all.map(({ info }) => info);
    const { name, version } = infos[0]!.model;
    const circumstances: Circumstances = {
      command: typed,
      date: new Date().toISOString(),
      version: packageVersion(),
      dataset: describeDataset(dataset, chosen.name, sample),
      seeds,
      model: { name, version, weights: identity.weights },
      machine: machineOf(infos, opened.threads),
      absent: flags.absent,
      options: { ...options },
      paper: chosen.paper,
      orientation: chosen.orientation,
    };
    await writeTables(flags.out, results, circumstances);
    for (const result of results) io.out(`${tableText(result, circumstances)}\n`);
    io.err(`${results.map(({ name }) => path.join(flags.out, `${name}.*`)).join(', ')}\n`);
    return EXIT.ok;
  } finally {
    line.clear();
  }
}

/** What the rows themselves decide cannot be decided for all of them. */
function commonOptions(flags: ReproduceFlags): ReturnType<typeof methodFlags> {
  const options = methodFlags({ steps: flags.steps, set: flags.set } as Parameters<typeof methodFlags>[0]);
  const own = (['method', 'preset', 'seed'] as const).find((key) => options[key] !== undefined);
  if (own !== undefined)
    throw new InvSegError('INVALID_OPTION', `The rows have their own ${own}; leave it out of --set`);
  resolveOptions(options);
  return options;
}

function describeDataset(
  { protocol, split, ids }: Dataset,
  name: string,
  sample: number | undefined,
): Circumstances['dataset'] {
  return { name, protocol, split: split ?? null, pictures: ids.length, sample: sample ?? null };
}
