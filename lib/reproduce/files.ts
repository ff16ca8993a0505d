/** What `invseg reproduce` leaves: tables as Markdown and JSON, and the report of each run. */

import path from 'node:path';
import { pathText, refuse } from '../checks/index.js';
import type { Evaluation } from '../evaluation/index.js';
import { readRun, writeReport } from '../evaluation/index.js';
import type { AbsentRule } from '../scores/index.js';
import { LIMITS, parseJson, readText, writeWhole } from '../system/index.js';
import type { Circumstances } from './layout.js';
import { tableMarkdown } from './layout.js';
import type { TableResult } from './types.js';

/**
 * Writes each table as `<name>.json` and `<name>.md`.
 *
 * @param out folder
 * @param results of `reproduce`
 * @param circumstances what a reader needs to judge the figures
 * @throws {InvSegError} `INVALID_OPTION`, `OUTPUT_FAILED`
 * @example
 * ```ts
 * import { packageVersion } from 'invseg-native';
 * import { gridTable, writeTables } from 'invseg-native/evaluation';
 *
 * const { name, title, columns } = gridTable(['invseg'], ['ground-truth']);
 * await writeTables('tables', [{ name, title, columns, rows: [], notes: [] }], {
 *   command: 'node tables.js',
 *   date: new Date().toISOString(),
 *   version: packageVersion(),
 *   dataset: { name: 'voc', protocol: 'PASCAL VOC 2012, 21 classes', split: 'val', pictures: 1449, sample: null },
 *   seeds: [0],
 *   model: { name: 'miniature', version: '1', weights: null },
 *   machine: { cpu: 'a CPU', cores: 2, device: 'cpu', dtype: 'float32', threads: 'automatic' },
 *   absent: 'nan-mean',
 *   options: {},
 *   paper: 'voc',
 *   orientation: false,
 * });
 * ```
 */
export async function writeTables(
  out: string,
  results: readonly TableResult[],
  circumstances: Circumstances,
): Promise<void> {
  checkTables(out, results);
  for (const result of results) {
    const file = path.join(out, result.name);
    await writeWhole(
      `${file}.json`,
      `${JSON.stringify({ format: 'invseg-table/1', ...result, circumstances }, null, 2)}\n`,
    );
    await writeWhole(`${file}.md`, tableMarkdown(result, circumstances));
  }
}

/**
 * Writes what `writeReport` writes into the folder of each run of the tables, where it has grown since.
 *
 * @param out folder that `reproduce` was given
 * @param results of `reproduce`
 * @param absent how classes without a pixel count in the means
 * @throws {InvSegError} `INVALID_OPTION`, `OUTPUT_FAILED`
 * @example
 * ```ts
 * import { createNameSource, Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { gridTable, reproduce, writeReports } from 'invseg-native/evaluation';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const open = () => createNameSource('ground-truth', dataset);
 * const results = await reproduce({
 *   segmenters: [segmenter],
 *   dataset,
 *   out: 'grid',
 *   tables: [gridTable(['baseline'], ['ground-truth'])],
 *   names: { 'ground-truth': { label: 'ground-truth', identity: 'ground-truth', open } },
 *   sample: 2,
 * });
 * await writeReports('grid', results, 'nan-mean');
 * ```
 */
export async function writeReports(out: string, results: readonly TableResult[], absent: AbsentRule): Promise<void> {
  checkTables(out, results);
  const runs = new Map(
    results.flatMap(({ rows }) =>
      rows.flatMap(({ ours }) => (ours?.runs ?? []).map((run) => [run.folder, run] as const)),
    ),
  );
  for (const [folder, { pictures }] of runs) {
    const there = await readReport(path.join(out, folder, 'report.json'));
    const same =
      there?.absent === absent &&
      there.pictures?.evaluated === pictures.evaluated &&
      there.pictures.skipped === pictures.skipped;
    const at = path.join(out, folder);
    if (!same) await writeReport(at, await readRun(at, { absent }));
  }
}

/** @returns undefined for what is not there, or is no report: it is made anew */
async function readReport(file: string): Promise<Partial<Evaluation> | undefined> {
  try {
    return parseJson(await readText(file, LIMITS.names)) as Partial<Evaluation>;
  } catch {
    return undefined;
  }
}

function checkTables(out: unknown, results: unknown): void {
  pathText.read(out, 'out');
  if (!Array.isArray(results)) refuse('results', 'what reproduce gives', results);
}
