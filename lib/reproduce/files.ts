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

/** @throws {InvSegError} `OUTPUT_FAILED` */
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

/** What `invseg evaluate` leaves beside a journal, for the runs that have grown since. */
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
