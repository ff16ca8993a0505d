/** Parts of one evaluation, made on several machines or by several processes, as one run. */
import { copyFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { pathText, record, refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { differences, Journal, readJournal } from '../journal/index.js';
import type { AbsentRule } from '../scores/index.js';
import { makeFolder, temporaryIn } from '../system/index.js';
import { tidyPictures } from './keep.js';
import { checkRecord, checkSettings } from './record.js';
import { journalOf, openFolder, PICTURES, pictureFiles, requireRun } from './run-folder.js';
import type { ReadRun } from './summary.js';
import { readRun } from './summary.js';
import type { Evaluation, PictureRecord, RunRecord, RunSettings } from './types.js';
import { isSkip } from './types.js';

/** What `mergeRuns` takes. */
export interface MergeOptions {
  /** Folders of runs that differ in nothing but their shard. */
  runs: readonly string[];
  /** Folder of the result; none of the runs. */
  out: string;
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
}

/**
 * Adds journals up, in the order of the list. An image that several of them hold counts once, and they must agree on
 * it; one that was left out here and counted there is counted.
 *
 * @param options folders of the runs, and of the result
 * @returns figures of all of them together
 * @throws {InvSegError} `INVALID_OPTION` for runs of different settings or different counts of one image, for a run that
 * is not there, and for an `out` that is one of the runs; `OUTPUT_FAILED` for a damaged journal, or a
 * folder that cannot be written
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { evaluate, mergeRuns } from 'invseg-native/evaluation';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const common = { segmenter, dataset, sample: 2, options: { steps: 0 } };
 * await evaluate({ ...common, out: 'runs/part-0', shard: { index: 0, count: 2 } });
 * await evaluate({ ...common, out: 'runs/part-1', shard: { index: 1, count: 2 } });
 * const { mIoU } = await mergeRuns({ runs: ['runs/part-0', 'runs/part-1'], out: 'runs/merged' });
 * console.log(mIoU);
 * ```
 */
export async function mergeRuns(options: MergeOptions): Promise<Evaluation> {
  return (await mergedRun(options)).evaluation;
}

/** `mergeRuns`, with what a report needs besides. */
export async function mergedRun(given: MergeOptions): Promise<ReadRun> {
  record(given, 'options', 'an object with runs and out');
  const { runs, out, absent } = given;
  if (!Array.isArray(runs)) refuse('runs', 'a list of folders', runs);
  for (const [i, run] of runs.entries()) pathText.read(run, `runs[${i}]`);
  pathText.read(out, 'out');
  if (runs.length === 0)
    throw new InvSegError('INVALID_OPTION', 'Expected at least one run to merge but received none');
  if (runs.some((run) => path.resolve(run) === path.resolve(out))) {
    throw new InvSegError('INVALID_OPTION', `${out}: it is one of the runs; name another folder for the result`);
  }
  // All of them before gigabytes of the first are read.
  for (const run of runs) await requireRun(run);
  let settings: RunSettings | undefined;
  const merged = new Map<string, { record: RunRecord; run: string }>();
  for (const run of runs) {
    for await (const entry of readJournal<RunRecord>(journalOf(run))) {
      if ('record' in entry) add(merged, checkRecord(entry.record, settings!.classes.length, entry.where), run);
      else settings = join(settings, checkSettings(entry.settings, entry.where), runs[0]!, run);
    }
  }
  await openFolder(out, true);
  const records = [...merged.values()].sort((a, b) => a.record.place - b.record.place);
  await writeJournal(
    out,
    { ...settings!, shard: null },
    records.map(({ record }) => record),
  );

  const run = await readRun(out, { absent });
  const { evaluation } = run;
  const shown = [...evaluation.worst, ...evaluation.best].map(({ id }) => id);
  for (const id of shown) await copyPictures(merged.get(id)!.run, out, id);
  await tidyPictures(out, shown);
  return run;
}

/** Whole, or not there: nothing is computed anew, so nothing needs to be resumed. */
async function writeJournal(out: string, settings: RunSettings, records: readonly RunRecord[]): Promise<void> {
  const temporary = temporaryIn(out);
  {
    await using journal = await Journal.open<RunRecord>(temporary, settings);
    await journal.appendAll(records);
  }
  await rename(temporary, journalOf(out));
}

function join(first: RunSettings | undefined, settings: RunSettings, firstRun: string, run: string): RunSettings {
  if (first === undefined) return settings;
  const found = differences({ ...first, shard: null }, { ...settings, shard: null });
  if (found.length === 0) return first;
  const lines = found.map(({ key, there, here }) => `  ${key}: ${there} in ${firstRun}, ${here} in ${run}`);
  throw new InvSegError(
    'INVALID_OPTION',
    `${run} was made with other settings than ${firstRun}: ${found.map(({ key }) => key).join(', ')}\n${lines.join('\n')}`,
  );
}

function add(merged: Map<string, { record: RunRecord; run: string }>, record: RunRecord, run: string): void {
  const before = merged.get(record.id);
  if (before === undefined || isSkip(before.record)) {
    merged.set(record.id, { record, run });
  } else if (!isSkip(record) && counts(record) !== counts(before.record)) {
    throw new InvSegError(
      'INVALID_OPTION',
      `${record.id}: ${before.run} and ${run} counted it differently; leave one of them out`,
    );
  }
}

const counts = ({ counts: own, confused, mask }: PictureRecord): string => JSON.stringify([own, confused, mask]);

async function copyPictures(from: string, to: string, id: string): Promise<void> {
  await makeFolder(path.join(to, PICTURES));
  for (const file of Object.values(pictureFiles(id))) {
    const source = path.join(from, file);
    try {
      await copyFile(source, path.join(to, file));
    } catch (cause) {
      // A run whose pictures were thrown away still has its counts.
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new InvSegError('OUTPUT_FAILED', `${source}: cannot be copied into ${to} (${(cause as Error).message})`, {
          cause,
        });
    }
  }
}
