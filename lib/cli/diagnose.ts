/** `invseg diagnose`: does the loss point at the truth, and what does each open choice do to the masks. */
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { openDataset } from '../datasets/index.js';
import type { DiagnoseProgress } from '../diagnose/index.js';
import { chooseVariants, diagnose, diagnosisMarkdown, diagnosisPicture, verdict } from '../diagnose/index.js';
import { openBundle } from '../models/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import { integer } from '../options/rules.js';
import type { DatasetFlags } from './dataset-flags.js';
import { addDatasetFlags, datasetHelp, datasetOptions } from './dataset-flags.js';
import { EXIT } from './failure.js';
import type { EngineFlag, SegmentFlags } from './flags.js';
import { engineFlags, methodFlags, parseValue } from './flags.js';
import { optionsHelp } from './help.js';
import type { Io } from './io.js';
import { prepareFolder, writeWhole } from './outputs.js';
import { ProgressLine } from './progress.js';
import { interruptible } from './segment.js';

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

A second call with the same --out goes on where the first one ended, with more pictures or variants where it asks for them.`;

export function addDiagnoseCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('diagnose')
    .summary('whether inversion can help a model on a data set')
    .description(
      'Compares the loss at the truth with the loss at the prediction, and runs the loop under each open choice.',
    )
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command)
    .option('--sample <count>', 'pictures, drawn by the seed', '100')
    .option('--variants <names>', 'all, names with commas between them, or a JSON file', 'all')
    .option('--no-inversion', 'look at the losses alone (seconds a picture less)')
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
    .option('--seed <number>', 'seed of the draw and of every run (default: 0)')
    .option('--preset <name>', 'named settings under all variants, such as paper')
    .addOption(
      new Option('--set <key=value>', 'an option under all variants, see below; may be repeated')
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('-o, --out <folder>', 'where the report and the journal go', 'invseg-diagnosis')
    .option('--debug', 'print stacks of errors')
    .addHelpText('after', () => `${optionsHelp()}\n${examples}`)
    .action(async (flags: DiagnoseFlags) => done(await diagnoseCommand(flags, io)));
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

  const line = new DiagnoseLine(io);
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
      onProgress: (progress) => line.progress(progress),
    });
    const markdown = diagnosisMarkdown(diagnosis);
    await writeWhole(path.join(flags.out, 'diagnose.json'), `${JSON.stringify(diagnosis, null, 2)}\n`);
    await writeWhole(path.join(flags.out, 'diagnose.md'), markdown);
    await writeWhole(path.join(flags.out, 'diagnose.png'), await diagnosisPicture(diagnosis));
    line.clear();
    io.out(`${verdict(diagnosis)}\n`);
    io.err(`tables and picture: ${path.join(flags.out, 'diagnose.*')}\n`);
    return EXIT.ok;
  } finally {
    line.clear();
  }
}

/** A line that changes on a terminal; elsewhere one a minute. */
class DiagnoseLine extends ProgressLine {
  readonly #talk: Io;
  readonly #began = performance.now();
  #first: number | undefined;
  #said = -Infinity;

  constructor(io: Io) {
    super(io);
    this.#talk = io;
  }

  progress({ done, total, id, variant, part }: DiagnoseProgress): void {
    this.#first ??= done; // what the journal had took no time
    const now = performance.now();
    const perPiece = done > this.#first ? (now - this.#began) / (done - this.#first) : undefined;
    const left = perPiece === undefined ? '' : `, ${duration(((total - done) * perPiece) / 1000)} left`;
    const text = `${done} of ${total}${left}: ${id}, ${part === 'run' ? variant : `${part} ${variant}`}`;
    if (this.#talk.terminal) return this.write(text);
    if (now - this.#said < 60_000) return;
    this.#said = now;
    this.#talk.err(`${text}\n`);
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
