/** `invseg compare`: what changed between two runs, as Markdown or JSON. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { integer } from '../checks/index.js';
import { compareRuns, comparisonMarkdown } from '../evaluation/index.js';
import type { AbsentRule } from '../scores/index.js';
import { absentRules } from '../scores/index.js';
import { parseValue } from './flags/options.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';

interface CompareFlags {
  absent: AbsentRule;
  shown: string;
  samples: string;
  json?: true;
}

export function addCompareCommand(program: Command, io: Io, done: (code: number) => void): void {
  program
    .command('compare')
    .summary('what changed between two runs, with confidence intervals')
    .description(
      'Compares two runs on the same data set: each class, the mean with its interval, the images that changed most.',
    )
    .argument('<a>', 'a run folder')
    .argument('<b>', 'the run folder to compare it with')
    .addOption(new Option('--absent <rule>', 'classes without pixels').choices([...absentRules]).default('nan-mean'))
    .option('--shown <count>', 'images listed for the largest losses and gains', '10')
    .option('--samples <count>', 'bootstrap resamples', '10000')
    .option('--json', 'print JSON')
    .option('--debug', 'print stack traces of errors')
    .action(async (a: string, b: string, flags: CompareFlags) => done(await compareCommand(a, b, flags, io)));
}

async function compareCommand(a: string, b: string, { absent, ...flags }: CompareFlags, io: Io): Promise<number> {
  const shown = integer(0, 1_000_000).read(parseValue(flags.shown), 'shown');
  const samples = integer(100, 1_000_000).read(parseValue(flags.samples), 'samples');
  const comparison = await compareRuns(a, b, { absent, shown, samples });
  io.out(flags.json ? `${JSON.stringify(comparison)}\n` : comparisonMarkdown(comparison));
  return EXIT.ok;
}
