/** `invseg evaluate`: a data set through a model, with a journal that survives anything. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { integer } from '../checks/index.js';
import { datasetDefinitions } from '../datasets/index.js';
import { evaluateRun, parseShard, writeReport } from '../evaluation/index.js';
import { openBundle } from '../models/index.js';
import { nameSourceKinds } from '../names/index.js';
import { resolveOptions } from '../options/index.js';
import type { AbsentRule } from '../scores/index.js';
import { absentRules } from '../scores/index.js';
import { prepareFolder } from '../system/index.js';
import { addEngineFlags, addHelp, addMethodFlags } from './flags/add.js';
import { checkSteps } from './flags/check-for.js';
import { addDatasetFlags, datasetHelp } from './flags/dataset.js';
import { addMissingNamesFlag, addNamesFlags, categoriesOption, runRule } from './flags/names.js';
import type { SegmentFlags } from './flags/options.js';
import { methodFlags, parseValue } from './flags/options.js';
import type { PoolFlags } from './flags/pools.js';
import { devicesOf, poolOf } from './flags/pools.js';
import { addQueueFlags, queueOf } from './flags/queue.js';
import type { PictureFlags } from './flags/run-plan.js';
import { planPictures } from './flags/run-plan.js';
import { evaluateLine } from './terminal/evaluate-line.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';
import { tellRun } from './terminal/tell-run.js';

interface EvaluateFlags extends PictureFlags, PoolFlags, Omit<SegmentFlags, 'palette' | 'labels' | 'saveMaps'> {
  sample?: string;
  shard?: string;
  resume?: true;
  absent: AbsentRule;
  batch: string;
  prefetch?: string;
}

const examples = `
Examples:
  $ invseg evaluate --dataset miniature --method baseline --out runs/miniature
  $ invseg evaluate --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1-base --out runs/voc
  $ invseg evaluate --dataset coco --root coco --names captions --captions captions_val2017.json --out runs/captions
  $ invseg evaluate --dataset voc --root VOCdevkit --sample 100 --devices cuda:0,cuda:1 --out runs/voc-100
  $ invseg evaluate --dataset voc --root VOCdevkit --shard 0/4 --out runs/0    (then: invseg merge)

Run the same command again to resume. --out gets report.html, report.json, per-class.csv, per-image.csv
and journal.jsonl, with one line per image.`;

export function addEvaluateCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('evaluate')
    .summary('mean IoU of a method on a data set')
    .description('Segments every image of a data set and compares the result with its mask.')
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command)
    .option('--on-problem <rule>', datasetDefinitions.onProblem.help)
    .addOption(categoriesOption('for --names given: names to look for in every image'));
  addMissingNamesFlag(addNamesFlags(command, nameSourceKinds, 'ground-truth'));
  addQueueFlags(command, 'derived from the run')
    .option('--sample <count>', 'number of images, drawn by the seed (default: all)')
    .option('--shard <i/n>', 'every n-th image, starting at the i-th (from 0); see invseg merge')
    .addOption(new Option('--absent <rule>', 'classes without pixels').choices([...absentRules]).default('nan-mean'))
    .option('--resume', 'resume from the journal in --out (the default)')
    .addOption(new Option('--restart', 'discard the journal in --out and start again').conflicts('resume'))
    .addOption(new Option('--batch <count>', 'images per pass of the engine, 1 to 64').default('1').conflicts('queue'))
    .option('--prefetch <count>', 'images read ahead (default: the batch, at least 2)')
    .addOption(
      new Option('--devices <list>', 'one process per device: cuda:0,cuda:1 (default: all CUDA devices)').conflicts([
        'device',
        'queue',
      ]),
    );
  addMethodFlags(addEngineFlags(command), ['method', 'steps', 'seed', 'preset', 'set'], {
    seed: 'seed of the draw and of every run',
  })
    .option('-o, --out <folder>', 'folder of the journal and the report', 'invseg-evaluation')
    .option('--json', 'print report.json as one line');
  addHelp(command, examples).action(async (flags: EvaluateFlags) => done(await evaluateCommand(flags, io)));
}

async function evaluateCommand(flags: EvaluateFlags, io: Io): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const given = (name: 'sample' | 'prefetch' | 'batch', rule: ReturnType<typeof integer>): number | undefined =>
    flags[name] === undefined ? undefined : rule.read(parseValue(flags[name]), `--${name}`);
  const sample = given('sample', integer(1, 10_000_000));
  const prefetch = given('prefetch', integer(0, 64));
  const batch = given('batch', integer(1, 64))!;
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard);
  // Not resolved for good: the model may have settings of a method.
  const options = methodFlags(flags);
  const { seed, method } = resolveOptions(options);
  checkSteps(method, flags);
  queueOf(flags);
  const plan = await planPictures(flags);
  const devices = devicesOf(flags, io);
  await prepareFolder(flags.out);

  const line = evaluateLine(io);
  try {
    const { dataset } = plan;
    line.write('loading the model');
    await using pool = await poolOf({ flags, plan, options, batch, devices, io, onNote: (text) => line.note(text) });
    const run = await evaluateRun({
      pool,
      dataset,
      out: flags.out,
      options,
      sample,
      seed,
      shard,
      restart: flags.restart,
      identity: await (await openBundle(plan.engine.model, plan.engine)).identity(),
      absent: flags.absent,
      onMissingNames: runRule(flags.onMissingNames),
      batch,
      prefetch,
      signal: io.signal,
      onProgress: (progress) => line.update(progress, progress.done === progress.total),
    });
    line.write('writing the report');
    const evaluation = await writeReport(flags.out, run);
    line.clear();
    tellRun(io, flags.out, evaluation, flags.json);
    return EXIT.ok;
  } finally {
    line.clear();
  }
}
