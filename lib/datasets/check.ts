/** `dataset check`: what is there, what is missing, which protocol it gives, and what a sample looks like. */

import { record } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { Listener } from '../listener.js';
import type { Finding } from './check-remarks.js';
import { remarks } from './check-remarks.js';
import type { FileDataset } from './dataset.js';
import type { HistogramRow } from './histogram.js';
import { Histogram } from './histogram.js';
import { layouts } from './layouts.js';
import { openFiles } from './open.js';
import type { DatasetOptions } from './options.js';
import { resolveDatasetOptions } from './options.js';
import type { FoundPart } from './survey.js';
import { similarKinds, surveyLayout } from './survey.js';
import type { SkippedItem } from './types.js';

export interface DatasetCheck {
  /** Every listed picture has its mask, and all of the sample could be read. */
  ok: boolean;
  title: string;
  kind: DatasetOptions['kind'];
  root: string;
  split: string | null;
  parts: FoundPart[];
  /** Null where the data set cannot be opened. */
  protocol: string | null;
  classes: number;
  /** Ids of the list. */
  listed: number;
  /** Listed, but without picture or mask. */
  incomplete: SkippedItem[];
  sample: { pictures: number; failed: SkippedItem[]; ignored: number; histogram: HistogramRow[] } | null;
  findings: Finding[];
}

export interface CheckOptions {
  /** Number of pictures whose masks are read, spread evenly over the list. */
  sample?: number;
  signal?: AbortSignal | undefined;
  /** What it throws, or its promise is rejected with, ends the check. */
  onProgress?(stage: 'looking up' | 'reading', done: number, total: number): void;
}

/** @throws {InvSegError} `INVALID_OPTION`, `ABORTED`; what is wrong with the data set is in the result */
export async function checkDataset(options: DatasetOptions, given: CheckOptions = {}): Promise<DatasetCheck> {
  record(given, 'options', 'an object with sample, signal or onProgress');
  const { sample = 50, signal, onProgress } = given;
  const { kind, root, links, split: named } = resolveDatasetOptions(options);
  const layout = layouts[kind];
  const split =
    kind === 'coco' && named !== undefined && ['val', 'train'].includes(named)
      ? `${named}2017`
      : (named ?? layout.defaultSplit);
  const findings: Finding[] = [];
  const listener: Telling = new Listener(onProgress);
  const check: DatasetCheck = {
    ok: false,
    title: layout.title,
    kind,
    root,
    split: split ?? null,
    parts: [],
    protocol: null,
    classes: 0,
    listed: 0,
    incomplete: [],
    sample: null,
    findings,
  };
  const dataset = await attempt(findings, async () => {
    check.parts = await surveyLayout(kind, root, split, links);
    return openFiles({ ...options, onProblem: 'skip' });
  });
  if (!dataset) {
    for (const other of await similarKinds(kind, root, links)) {
      findings.push({ level: 'note', text: `the folder looks like the kind ${other} (--kind ${other})` });
    }
    return check;
  }
  check.root = dataset.root;
  check.protocol = dataset.protocol;
  check.classes = dataset.classes.length;
  check.listed = dataset.ids.length;
  const stop = (): void => {
    if (signal?.aborted) throw new InvSegError('ABORTED', 'Interrupted while the data set was checked');
  };
  check.incomplete = [...dataset.skipped, ...(await lookUpAll(dataset, stop, listener))];
  const { histogram, ...read } = await readSample(dataset, sample, stop, listener);
  await listener.settle();
  check.sample = { ...read, ignored: histogram.ignored, histogram: histogram.rows(dataset.classes) };
  findings.push(...(await remarks({ dataset, histogram, split, options })));
  check.ok =
    check.incomplete.length === 0 && read.failed.length === 0 && findings.every(({ level }) => level !== 'error');
  return check;
}

async function attempt<T>(findings: Finding[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvSegError) || error.code === 'INVALID_OPTION') throw error;
    findings.push({ level: 'error', code: error.code, text: error.message });
    return undefined;
  }
}

/** Problems of single pictures; what is no problem of the data set is thrown. */
async function problem(id: string, work: () => Promise<unknown>): Promise<SkippedItem | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof InvSegError)) throw error;
    return { id, code: error.code, message: error.message };
  }
}

type Telling = Listener<['looking up' | 'reading', number, number]>;

async function lookUpAll(dataset: FileDataset, stop: () => void, listener: Telling): Promise<SkippedItem[]> {
  const problems: SkippedItem[] = [];
  for (const [i, id] of dataset.ids.entries()) {
    stop();
    listener.tell('looking up', i, dataset.ids.length);
    const found = await problem(id, () => dataset.locate(id));
    if (found) problems.push(found);
  }
  return problems;
}

async function readSample(dataset: FileDataset, size: number, stop: () => void, listener: Telling) {
  const { ids } = dataset;
  const pictures = Math.min(size, ids.length);
  const histogram = new Histogram();
  const failed: SkippedItem[] = [];
  for (let i = 0; i < pictures; i++) {
    stop();
    listener.tell('reading', i, pictures);
    const id = ids[Math.floor((i * ids.length) / pictures)]!;
    const found = await problem(id, async () => histogram.add((await (await dataset.item(id)).loadMask()).labels));
    if (found) failed.push(found);
  }
  return { pictures, failed, histogram };
}
