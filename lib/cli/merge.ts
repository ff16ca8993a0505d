/** `invseg merge`: the shards of an evaluation as one run. */

import type { Command } from 'commander';
import { Option } from 'commander';
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
    .summary('shards of evaluate as one run')
    .description(
      'Adds the journals of evaluate --shard up and writes the report. What several of them hold counts once.',
    )
    .argument('<run...>', 'folders of runs')
    .requiredOption('-o, --out <folder>', 'where the journal and the report of all of them go')
    .addOption(new Option('--absent <rule>', 'classes without a pixel').choices([...absentRules]).default('nan-mean'))
    .option('--json', 'report.json on standard output, as one line')
    .option('--debug', 'print stacks of errors')
    .action(async (runs: string[], flags: MergeFlags) => done(await mergeCommand(runs, flags, io)));
}

async function mergeCommand(runs: readonly string[], { out, absent, json }: MergeFlags, io: Io): Promise<number> {
  await prepareFolder(out);
  const run = await mergedRun({ runs, out, absent });
  tellRun(io, out, await writeReport(out, run), json);
  return EXIT.ok;
}
