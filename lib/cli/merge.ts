/** `invseg merge`: the shards of an evaluation as one run. */

import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { InvSegError } from '../errors.js';
import { mergedRun, writeReport } from '../evaluation/index.js';
import type { AbsentRule } from '../scores/index.js';
import { absentRules } from '../scores/index.js';
import { prepareFolder } from '../system/index.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';
import { tellRun } from './terminal/tell-run.js';

interface MergeFlags {
  out: string;
  absent: AbsentRule;
  json?: true;
}

export function addMergeCommand(program: Command, io: Io, done: (code: number) => void): void {
  program
    .command('merge')
    .summary('combine shards of evaluate into one run')
    .description(
      'Combines the journals of evaluate --shard and writes the report. An image in several journals counts once.',
    )
    .argument('<run...>', 'run folders')
    .requiredOption('-o, --out <folder>', 'folder of the combined journal and report')
    .addOption(new Option('--absent <rule>', 'classes without pixels').choices([...absentRules]).default('nan-mean'))
    .option('--json', 'print report.json as one line')
    .option('--debug', 'print stack traces of errors')
    .action(async (runs: string[], flags: MergeFlags) => done(await mergeCommand(runs, flags, io)));
}

async function mergeCommand(runs: readonly string[], { out, absent, json }: MergeFlags, io: Io): Promise<number> {
  const twice = runs.find((run, i) => runs.findIndex((other) => path.resolve(other) === path.resolve(run)) < i);
  if (twice !== undefined)
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected each run once but ${twice} is named twice; was another one meant?`,
    );
  await prepareFolder(out);
  const run = await mergedRun({ runs, out, absent });
  tellRun(io, out, await writeReport(out, run), json);
  return EXIT.ok;
}
