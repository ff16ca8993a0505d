/** The files that say what a run found; `evaluate` and `mergeRuns` leave the same. */

import path from 'node:path';
import { isPlainObject, pathText, refuse } from '../../checks/index.js';
import { writeWhole } from '../../system/index.js';
import { perClassCsv, perImageCsv } from '../csv.js';
import type { ReadRun } from '../summary.js';
import type { Evaluation } from '../types.js';
import { renderReport } from './page.js';

/**
 * Writes `per-class.csv`, `per-image.csv`, `report.html` (one file, opens without a network) and `report.json` into a
 * run's folder.
 *
 * @param folder that holds the run's `pictures/`, which the page shows
 * @param run of `readRun`
 * @returns what `report.json` holds
 * @throws {InvSegError} `INVALID_OPTION`, `OUTPUT_FAILED`
 * @example
 * ```ts
 * import { readRun, writeReport } from 'invseg-native/evaluation';
 *
 * const { mIoU } = await writeReport('runs/a', await readRun('runs/a'));
 * console.log(mIoU);
 * ```
 */
export async function writeReport(folder: string, run: ReadRun): Promise<Evaluation> {
  pathText.read(folder, 'folder');
  if (!isPlainObject(run) || !isPlainObject(run.evaluation)) refuse('run', 'what readRun gives', run);
  const write = (name: string, content: string): Promise<void> => writeWhole(path.join(folder, name), content);
  await write('per-class.csv', perClassCsv(run.evaluation));
  await write('per-image.csv', perImageCsv(run.rows));
  await write('report.html', await renderReport(folder, run));
  await write('report.json', `${JSON.stringify(run.evaluation, null, 2)}\n`);
  return run.evaluation;
}
