/** `invseg dataset check`: is a data set whole, and which protocol does it give. */
import type { Command } from 'commander';
import { integer } from '../checks/index.js';
import type { DatasetCheck } from '../datasets/index.js';
import { checkDataset } from '../datasets/index.js';
import type { DatasetFlags } from './flags/dataset.js';
import { addDatasetFlags, datasetHelp, datasetOptions } from './flags/dataset.js';
import { parseValue } from './flags/options.js';
import { describeDataset } from './terminal/dataset-report.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';
import { ProgressLine } from './terminal/progress.js';

interface CheckFlags extends DatasetFlags {
  kind?: string;
  sample: string;
  json?: true;
}

const PROGRESS_MS = 50;
const sampleSize = integer(1, 1_000_000);

export function addDatasetCommand(program: Command, io: Io, done: (code: number) => void): void {
  const dataset = program
    .command('dataset')
    .summary('check data sets on disk')
    .description('Checks data sets on disk.');
  const check = dataset
    .command('check')
    .summary('what is there, what is missing, which protocol applies')
    .description('Looks up every listed image and mask, reads a sample of the masks, and reports what it found.')
    .option('--kind <kind>', datasetHelp);
  addDatasetFlags(check)
    .option('--sample <count>', 'number of masks to read', '50')
    .option('--json', 'print the findings as one line of JSON')
    .option('--debug', 'print stack traces of errors')
    .action(async (flags: CheckFlags) => done(await checkCommand(flags, io)));
}

async function checkCommand(flags: CheckFlags, io: Io): Promise<number> {
  const sample = sampleSize.read(parseValue(flags.sample), 'sample');
  const progress = new ProgressLine(io, String, { terminal: PROGRESS_MS });
  let check: DatasetCheck;
  try {
    check = await checkDataset(datasetOptions(flags.kind, flags, '--kind'), {
      sample,
      signal: io.signal,
      onProgress: (stage, number, total) => progress.update(`${stage} ${number + 1} of ${total}`),
    });
  } finally {
    progress.clear();
  }
  io.out(flags.json ? `${JSON.stringify(check)}\n` : describeDataset(check));
  return check.ok ? EXIT.ok : EXIT.failed;
}
