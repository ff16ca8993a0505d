/** `invseg reproduce`: the paper's tables on a data set, ours beside the paper's. */
import path from 'node:path';
import { integer } from '../checks/index.js';
import type { Dataset } from '../datasets/index.js';
import { openDataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { openBundle, resolutions } from '../models/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import type { Circumstances } from '../reproduce/index.js';
import { assumedOffers, checkRunnable, machineOf, makePlan, reproduce, tableText } from '../reproduce/index.js';
import { packageVersion } from '../version.js';
import { parseDevices } from './devices.js';
import { EXIT } from './failure.js';
import { engineFlags, methodFlags, parseValue } from './flags.js';
import type { Io } from './io.js';
import { runRule } from './names.js';
import { prepareFolder } from './outputs.js';
import { chooseDataset, chooseTables, parseRows, parseSeeds } from './reproduce-choice.js';
import { Engines, enginesOf } from './reproduce-engines.js';
import { writeReports, writeTables } from './reproduce-files.js';
import type { ReproduceFlags } from './reproduce-flags.js';
import { ReproduceLine } from './reproduce-line.js';
import { planText } from './reproduce-list.js';
import { NamesBench } from './reproduce-names.js';

/** @param typed the command as a reader of the tables may type it @returns exit code */
export async function reproduceCommand(
  asked: readonly string[],
  flags: ReproduceFlags,
  io: Io,
  typed: string,
): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const tables = chooseTables(asked, flags.methods, flags.sources);
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
  await using names = await NamesBench.make(flags, dataset, engine);
  const input = { tables, names: names.offers, options, rows };
  const plan = makePlan({ ...input, model });
  if (flags.list) {
    io.out(await planText(plan, { ...listed, pictures: dataset.ids.length }));
    return EXIT.ok;
  }
  checkRunnable(plan);
  await prepareFolder(flags.out);
  const identity = await bundle.identity();

  const line = new ReproduceLine(io);
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
      onProgress: (progress) => line.progress(progress),
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
