/** `invseg evaluate`: a data set through a model, with a journal that survives anything. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { datasetDefinitions } from '../datasets/index.js';
import type { AbsentRule } from '../evaluation/index.js';
import { absentRules, evaluateRun, parseShard } from '../evaluation/index.js';
import { methods } from '../methods/index.js';
import { openBundle } from '../models/index.js';
import { nameSourceKinds } from '../names/index.js';
import { resolveOptions } from '../options/index.js';
import { integer } from '../options/rules.js';
import { addDatasetFlags, datasetHelp } from './dataset-flags.js';
import { tellRun, writeRun } from './evaluate-files.js';
import { EvaluateLine } from './evaluate-line.js';
import { EXIT } from './failure.js';
import type { SegmentFlags } from './flags.js';
import { methodFlags, parseValue } from './flags.js';
import { optionsHelp } from './help.js';
import type { Io } from './io.js';
import { addMissingNamesFlag, addNamesFlags, runRule } from './names.js';
import { prepareFolder } from './outputs.js';
import type { PoolFlags } from './pools.js';
import { devicesOf, withPool } from './pools.js';
import { addQueueFlags, queueOf } from './queue-flags.js';
import type { PictureFlags } from './run-plan.js';
import { planPictures } from './run-plan.js';

interface EvaluateFlags extends PictureFlags, PoolFlags, Omit<SegmentFlags, 'palette' | 'labels' | 'saveMaps'> {
  sample?: string;
  shard?: string;
  resume?: true;
  absent: AbsentRule;
  prefetch: string;
}

const examples = `
Examples:
  $ invseg evaluate --dataset miniature --method baseline --out runs/miniature
  $ invseg evaluate --dataset folder --root my-data --method baseline --out runs/baseline
  $ invseg evaluate --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1-base --out runs/voc
  $ invseg evaluate --dataset coco --root coco --names captions --captions captions_val2017.json --out runs/captions
  $ invseg evaluate --dataset voc --root VOCdevkit --sample 100 --seed 1 --out runs/voc-100
  $ invseg evaluate --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1-base --devices cuda:0,cuda:1 --out runs/voc
  $ invseg evaluate --dataset voc --root VOCdevkit --queue redis://queue-host --device cuda --out runs/voc    (then, anywhere: invseg worker)
  $ invseg evaluate --dataset voc --root VOCdevkit --shard 0/4 --out runs/0     (then: invseg merge runs/0 … runs/3 --out runs/all)

The same command goes on where a run ended, however it ended. In --out: report.html, report.json, per-class.csv,
per-image.csv, and journal.jsonl with a line for every picture.`;

export function addEvaluateCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('evaluate')
    .summary('mean IoU of a method on a data set')
    .description('Segments every picture of a data set and compares it with its mask.')
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command)
    .option('--on-problem <rule>', datasetDefinitions.onProblem.help)
    .option('-c, --categories <names>', 'given: names to look for in every picture');
  addMissingNamesFlag(addNamesFlags(command, nameSourceKinds, 'ground-truth'));
  addQueueFlags(command, 'from the run, so that two do not mix')
    .addOption(
      new Option(
        '--method <name>',
        Object.values(methods)
          .map(({ name, summary }) => `${name}: ${summary}`)
          .join('; '),
      ),
    )
    .option('--sample <count>', 'pictures, drawn by the seed (default: all)')
    .option('--shard <i/n>', 'every n-th picture from the i-th (from 0) on, for invseg merge')
    .addOption(
      new Option('--absent <rule>', 'classes without a pixel: out of the means, 0, or also out where only predicted')
        .choices([...absentRules])
        .default('nan-mean'),
    )
    .option('--resume', 'go on from the journal in --out (what happens anyhow)')
    .addOption(new Option('--restart', 'throw the journal in --out away').conflicts('resume'))
    .option('--prefetch <count>', 'pictures read while the engine works', '2')
    .option('-m, --model <folder>', 'weights in diffusers layout or a bundle (default: the small model in the package)')
    .option(
      '--trust-code',
      'load a model whose TorchScript is not of this package: a program, which may do what you may',
    )
    .option('--copy-weights', 'copy the weights into memory instead of mapping their files: for network disks')
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>')
    .addOption(
      new Option(
        '--devices <list>',
        'a process each: cuda:0,cuda:1 (default: all CUDA devices, where there are several)',
      ).conflicts(['device', 'queue']),
    )
    .option('--dtype <dtype>', 'auto, float32, bfloat16 or float16')
    .option('--threads <count>', 'CPU threads; 0 is automatic')
    .option('--steps <count>', 'optimisation steps; 0 is the baseline (default: 15)')
    .option('--seed <number>', 'seed of the draw and of every run (default: 0)')
    .option('--preset <name>', 'named settings, such as paper')
    .addOption(
      new Option('--set <key=value>', 'any option of the method, see below; may be repeated')
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('-o, --out <folder>', 'where the journal and the report go', 'invseg-evaluation')
    .option('--json', 'report.json on standard output, as one line')
    .option('--debug', 'print stacks of errors')
    .addHelpText('after', () => `${optionsHelp()}\n${examples}`)
    .action(async (flags: EvaluateFlags) => done(await evaluateCommand(flags, io)));
}

async function evaluateCommand(flags: EvaluateFlags, io: Io): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const given = (name: 'sample' | 'prefetch', rule: ReturnType<typeof integer>): number | undefined =>
    flags[name] === undefined ? undefined : rule.read(parseValue(flags[name]), name);
  const sample = given('sample', integer(1, 10_000_000));
  const prefetch = given('prefetch', integer(0, 64));
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard);
  // Not resolved for good: the model may have settings of a method.
  const options = methodFlags(flags);
  const { seed } = resolveOptions(options);
  queueOf(flags);
  const plan = await planPictures(flags);
  const devices = devicesOf(flags, io);
  await prepareFolder(flags.out);

  const line = new EvaluateLine(io);
  try {
    const { dataset } = plan;
    const run = await withPool({ flags, plan, options, devices, io, line }, async (pool) =>
      evaluateRun({
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
        prefetch,
        signal: io.signal,
        onProgress: (progress) => line.progress(progress),
      }),
    );
    line.write('writing the report');
    const evaluation = await writeRun(flags.out, run);
    line.clear();
    tellRun(io, flags.out, evaluation, flags.json);
    return EXIT.ok;
  } finally {
    line.clear();
  }
}
