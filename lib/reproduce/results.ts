/** Runs → rows of a table. */
import path from 'node:path';
import { compareRuns } from '../evaluation/index.js';
import type { AbsentRule } from '../scores/index.js';
import type { PlannedRow, PlannedTable } from './plan.js';
import { differenceOf, spreadOf, withInterval } from './spread.js';
import type { RowResult, RunFigures, Spread, TableResult } from './types.js';

/** What became of one setting. */
export interface Outcome {
  /** One for each seed. */
  runs: RunFigures[];
  /** Description of the source of names. */
  names?: string;
  /** Why there are no figures. */
  failure?: string;
}

/** How journals become figures. */
export interface Reading {
  /** Of the runs' folders. */
  out: string;
  absent: AbsentRule | undefined;
}

/** Resamplings of the pictures behind the interval of a difference. */
const SAMPLES = 1000;

export async function tableResult(
  { table, rows, reference, notes }: PlannedTable,
  outcomes: ReadonlyMap<string, Outcome>,
  reading: Reading,
): Promise<TableResult> {
  const { name, title, columns } = table;
  const compared = reference && runsOf(reference, outcomes);
  const results: RowResult[] = [];
  for (const row of rows) {
    const {
      number,
      row: { cells, paper = {} },
      standard,
      setting,
    } = row;
    const base = { number, cells, standard, paper };
    const runs = runsOf(row, outcomes);
    const remark = [row.remark, runs && thresholdsOf(runs)].filter((part) => part !== undefined).join('; ');
    if (!setting || typeof runs === 'string') results.push({ ...base, notRun: runs as string });
    else {
      const difference =
        typeof compared === 'object' && row.setting !== reference!.setting
          ? await differenceFrom(runs, compared, reading)
          : undefined;
      const names = outcomes.get(setting.slug)!.names!;
      results.push({
        ...base,
        ...(remark && { remark }),
        ours: { ...summaryOf(runs), ...(difference && { difference }), options: setting.options, names },
      });
    }
  }
  return {
    name,
    title,
    columns,
    ...(typeof compared === 'object' && { reference: reference!.number }),
    rows: results,
    notes: [...notes],
  };
}

/** The row's runs, one a seed, or why there are none. */
function runsOf(
  { row, reason, setting }: PlannedRow,
  outcomes: ReadonlyMap<string, Outcome>,
): readonly RunFigures[] | string {
  const outcome = setting && outcomes.get(setting.slug);
  if (!outcome) return reason ?? 'it did not run';
  if (outcome.failure !== undefined) return outcome.failure;
  if (!row.run?.swept) return outcome.runs;
  const swept = outcome.runs.flatMap((run) => (run.swept ? [{ ...run, ...run.swept }] : []));
  return swept.length === outcome.runs.length ? swept : 'the run has no thresholds to sweep';
}

function thresholdsOf(runs: readonly RunFigures[] | string): string | undefined {
  const found =
    typeof runs === 'string' ? [] : runs.flatMap((run) => ('threshold' in run ? [String(run.threshold)] : []));
  return found.length === 0 ? undefined : `threshold ${[...new Set(found)].join(', ')}`;
}

function summaryOf(
  runs: readonly RunFigures[],
): Omit<NonNullable<RowResult['ours']>, 'options' | 'names' | 'difference'> {
  const [first] = runs as [RunFigures];
  const total = (of: (run: RunFigures) => number): number => runs.reduce((sum, run) => sum + of(run), 0);
  return {
    mIoU: runs.length === 1 ? withInterval(first.mIoU, first.mIoU95) : spreadOf(runs.map((run) => run.mIoU)),
    mAcc: spreadOf(runs.map((run) => run.mAcc)),
    aAcc: spreadOf(runs.map((run) => run.aAcc)),
    secondsPerImage:
      total((run) => run.seconds) /
      Math.max(
        1,
        total((run) => run.pictures.evaluated),
      ),
    seconds: total((run) => run.seconds),
    runs: [...runs],
  };
}

async function differenceFrom(
  runs: readonly RunFigures[],
  reference: readonly RunFigures[],
  { out, absent }: Reading,
): Promise<Spread> {
  // What was swept is not what the journal says.
  if (runs.length > 1 || 'threshold' in runs[0]!) return differenceOf(runs, reference);
  const [a, b] = [reference[0]!, runs[0]!].map(({ folder }) => path.join(out, folder)) as [string, string];
  const { mIoU, mIoU95 } = await compareRuns(a, b, { absent, shown: 0, samples: SAMPLES });
  return withInterval(mIoU.difference, mIoU95);
}
