/** Runs → rows of a table. */
import path from 'node:path';
import { compareRuns } from '../evaluation/index.js';
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

/** Resamplings of the pictures behind the interval of a difference. */
const SAMPLES = 1000;

export async function tableResult({ table, rows, reference, notes }: PlannedTable, outcomes: ReadonlyMap<string, Outcome>, out: string): Promise<TableResult> {
  const { name, title, columns } = table;
  const finished = (row: PlannedRow | undefined): readonly RunFigures[] | undefined => {
    const outcome = row?.setting && outcomes.get(row.setting.slug);
    return outcome && outcome.failure === undefined && outcome.runs.length > 0 ? outcome.runs : undefined;
  };
  const compared = finished(reference);
  const results: RowResult[] = [];
  for (const row of rows) {
    const { number, row: { cells, paper = {} }, standard, remark, reason, setting } = row;
    const base = { number, cells, standard, paper, ...(remark !== undefined && { remark }) };
    const runs = finished(row);
    if (!setting || !runs) {
      results.push({ ...base, notRun: reason ?? outcomes.get(setting!.slug)?.failure ?? 'it did not run' });
      continue;
    }
    const [first] = runs as [RunFigures];
    const total = (of: (run: RunFigures) => number): number => runs.reduce((sum, run) => sum + of(run), 0);
    const difference = compared && setting.slug !== reference!.setting!.slug ? await differenceFrom(runs, compared, out) : undefined;
    results.push({
      ...base,
      ours: {
        mIoU: runs.length === 1 ? withInterval(first.mIoU, first.mIoU95) : spreadOf(runs.map((run) => run.mIoU)),
        mAcc: spreadOf(runs.map((run) => run.mAcc)),
        aAcc: spreadOf(runs.map((run) => run.aAcc)),
        ...(difference && { difference }),
        secondsPerImage: total((run) => run.seconds) / Math.max(1, total((run) => run.pictures.evaluated)),
        seconds: total((run) => run.seconds),
        runs: [...runs],
        options: setting.options,
        names: outcomes.get(setting.slug)!.names!,
      },
    });
  }
  return { name, title, columns, ...(compared && { reference: reference!.number }), rows: results, notes: [...notes] };
}

async function differenceFrom(runs: readonly RunFigures[], reference: readonly RunFigures[], out: string): Promise<Spread> {
  if (runs.length > 1) return differenceOf(runs, reference);
  const [a, b] = [reference[0]!, runs[0]!].map(({ folder }) => path.join(out, folder)) as [string, string];
  const { mIoU, mIoU95 } = await compareRuns(a, b, { shown: 0, samples: SAMPLES });
  return withInterval(mIoU.difference, mIoU95);
}
