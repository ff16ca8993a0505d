/** `invseg bench --dataset`: accuracy and time in one table, a row a method. */
import type { MethodRow } from '../bench/index.js';
import { benchMethods } from '../bench/index.js';
import { integer, oneOf } from '../checks/index.js';
import { openDataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { MethodName } from '../options/index.js';
import { methodNames, resolveEngineOptions } from '../options/index.js';
import { checkSteps, hasSteps } from './flags/check-for.js';
import type { DatasetFlags } from './flags/dataset.js';
import { datasetOptions } from './flags/dataset.js';
import type { EngineFlag, SegmentFlags } from './flags/options.js';
import { engineFlags, parseSettings, parseValue } from './flags/options.js';
import { interruptible } from './terminal/interruptible.js';
import type { Io } from './terminal/io.js';
import { ProgressLine } from './terminal/progress.js';

export interface BenchDatasetFlags extends DatasetFlags, Pick<SegmentFlags, EngineFlag> {
  dataset?: string;
  methods?: string;
  sample?: string;
  batch?: string;
  out?: string;
  steps?: string;
  set: string[];
}

const HEAD = ['method', 'mIoU', '95 %', 'aAcc', 'ms p50', 'ms p90', 'images/s'];

/** @param write gets each row as one line of JSON when it is known */
export async function benchDataset(
  flags: BenchDatasetFlags,
  io: Io,
  write: (line: string) => Promise<void>,
): Promise<void> {
  const methods = readMethods(flags.methods);
  const count = (name: 'sample' | 'batch', most: number): number | undefined =>
    flags[name] === undefined ? undefined : integer(1, most).read(parseValue(flags[name]), `--${name}`);
  const [sample, batch] = [count('sample', 10_000_000), count('batch', 64)];
  const { steps } = flags;
  // Those without steps leave the number unread; where all do, nobody reads it.
  if (!methods.some((method) => hasSteps(method))) checkSteps(methods[0]!, flags);
  const engine = resolveEngineOptions(engineFlags(flags));
  const dataset = await openDataset(datasetOptions(flags.dataset, flags));
  await using segmenter = await interruptible(io.openSegmenter(engine), io.signal);
  const progress = new ProgressLine(io, String);
  const rows: MethodRow[] = [];
  try {
    for await (const measured of benchMethods({
      segmenter,
      dataset,
      methods,
      options: { ...parseSettings(flags.set), ...(steps !== undefined && { steps: parseValue(steps) as number }) },
      sample,
      batch,
      out: flags.out,
      signal: io.signal,
      onPicture: (method, done, total) => progress.update(`${method}: ${done} of ${total}`),
    })) {
      // As it was named: that of the package is a folder too.
      const row = { ...measured, dataset: flags.dataset! };
      rows.push(row);
      await write(`${JSON.stringify(row)}\n`);
      progress.note(`${row.method}: ${row.pictures} images`);
    }
  } finally {
    progress.clear();
    // Those of an aborted bench too.
    if (rows.length > 0) io.out(asTable(rows));
  }
}

function readMethods(text = methodNames.join(',')): MethodName[] {
  const names = text.split(',').map((name) => oneOf(...methodNames).read(name.trim(), '--methods'));
  if (new Set(names).size === names.length) return names;
  throw new InvSegError('INVALID_OPTION', `Expected each method once for --methods but received ${text}`);
}

function asTable(rows: readonly MethodRow[]): string {
  const [{ model, device, deviceName, dtype, dataset, pictures, batch }] = rows as [MethodRow];
  const percent = (value: number | null): string => (value === null ? '–' : (100 * value).toFixed(2));
  const cells = rows.map(({ method, mIoU, mIoU95, aAcc, milliseconds, imagesPerSecond }) => [
    method,
    percent(mIoU),
    mIoU95.map(percent).join(' to '),
    percent(aAcc),
    milliseconds.p50.toFixed(1),
    milliseconds.p90.toFixed(1),
    imagesPerSecond.toPrecision(3),
  ]);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`;
  const passes = batch > 1 ? `, ${batch} in one pass` : '';
  const where = `${model.name} on ${device} (${deviceName}), ${dtype}; ${pictures} images of ${dataset}${passes}`;
  return [where, line(HEAD), ...cells.map(line), ''].join('\n');
}
