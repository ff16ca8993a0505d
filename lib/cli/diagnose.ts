/** `invseg diagnose`: does the loss point at the truth, and what does each open choice do to the masks. */

import path from 'node:path';
import type { Command } from 'commander';
import { integer } from '../checks/index.js';
import { openDataset } from '../datasets/index.js';
import type { DiagnoseProgress } from '../diagnose/index.js';
import { chooseVariants, diagnose, diagnosisMarkdown, drawDiagnosis, verdict } from '../diagnose/index.js';
import { openBundle } from '../models/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import { prepareFolder, writeWhole } from '../system/index.js';
import { duration } from '../words.js';
import { addEngineFlags, addHelp, addMethodFlags } from './flags/add.js';
import type { DatasetFlags } from './flags/dataset.js';
import { addDatasetFlags, datasetHelp, datasetOptions } from './flags/dataset.js';
import type { EngineFlag, SegmentFlags } from './flags/options.js';
import { engineFlags, methodFlags, parseValue } from './flags/options.js';
import { EXIT } from './terminal/failure.js';
import { interruptible } from './terminal/interruptible.js';
import type { Io } from './terminal/io.js';
import { ProgressLine } from './terminal/progress.js';

interface DiagnoseFlags extends DatasetFlags, Pick<SegmentFlags, EngineFlag | 'preset' | 'steps' | 'set' | 'out'> {
  dataset?: string;
  sample: string;
  seed?: string;
  variants: string;
  inversion: boolean;
}

const JOURNAL = 'journal.jsonl';

const examples = `
Examples:
  $ invseg diagnose --dataset folder --root my-data --sample 50
  $ invseg diagnose --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1-base --no-inversion
  $ invseg diagnose --dataset voc --root VOCdevkit --model ~/models/stable-diffusion-2-1-base --variants default,"lr 0.003"

A second call with the same --out resumes, and adds images or variants if you ask for more.`;

export function addDiagnoseCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('diagnose')
    .summary('whether inversion can help a model on a data set')
    .description('Compares the loss at the truth with that at the prediction, and runs the loop for each variant.')
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command)
    .option('--sample <count>', 'number of images, drawn by the seed', '100')
    .option('--variants <names>', 'all, comma-separated names, or a JSON file', 'all')
    .option('--no-inversion', 'only evaluate the losses (saves seconds per image)');
  addMethodFlags(addEngineFlags(command), ['steps', 'seed', 'preset', 'set'], {
    seed: 'seed of the draw and of every run',
    preset: 'named settings for all variants, such as paper',
    set: 'an option for all variants (list: --help-all); repeatable',
  }).option('-o, --out <folder>', 'folder of the report and the journal', 'invseg-diagnosis');
  addHelp(command, examples).action(async (flags: DiagnoseFlags) => done(await diagnoseCommand(flags, io)));
}

async function diagnoseCommand(flags: DiagnoseFlags, io: Io): Promise<number> {
  // Everything that can be refused without a model is refused first.
  const sample = integer(1, 1_000_000).read(parseValue(flags.sample), 'sample');
  const { seed: own, ...options } = methodFlags(flags);
  const { seed } = resolveOptions({ ...options, ...(own !== undefined && { seed: own }) });
  const engine = resolveEngineOptions(engineFlags(flags));
  const dataset = await openDataset(datasetOptions(flags.dataset, flags));
  await prepareFolder(flags.out);
  const identity = await (await openBundle(engine.model, engine)).identity();

  const line = diagnoseLine(io);
  try {
    line.write('loading the model');
    await using segmenter = await interruptible(io.openSegmenter(engine), io.signal);
    const variants = await chooseVariants(flags.variants, segmenter.info.model.resolutions);
    const diagnosis = await diagnose(segmenter, {
      dataset,
      sample,
      seed,
      variants,
      options,
      inversion: flags.inversion,
      journal: path.join(flags.out, JOURNAL),
      identity,
      signal: io.signal,
      onProgress: (progress) => line.update(progress),
    });
    const markdown = diagnosisMarkdown(diagnosis);
    await writeWhole(path.join(flags.out, 'diagnose.json'), `${JSON.stringify(diagnosis, null, 2)}\n`);
    await writeWhole(path.join(flags.out, 'diagnose.md'), markdown);
    await writeWhole(path.join(flags.out, 'diagnose.png'), await drawDiagnosis(diagnosis));
    line.clear();
    io.out(`${verdict(diagnosis)}\n`);
    io.err(`tables and figure: ${path.join(flags.out, 'diagnose.*')}\n`);
    return EXIT.ok;
  } finally {
    line.clear();
  }
}

/** A line that changes on a terminal; elsewhere one a minute. */
function diagnoseLine(io: Io): ProgressLine<DiagnoseProgress> {
  const began = performance.now();
  let first: number | undefined;
  const show = ({ done, total, id, variant, part }: DiagnoseProgress): string => {
    first ??= done; // what the journal had took no time
    const perPiece = done > first ? (performance.now() - began) / (done - first) : undefined;
    const left = perPiece === undefined ? '' : `, ${duration(((total - done) * perPiece) / 1000)} left`;
    return `${done} of ${total}${left}: ${id}, ${part === 'run' ? variant : `${part} ${variant}`}`;
  };
  return new ProgressLine(io, show, { log: 60_000 });
}
