/** From a run's journal to its report, record by record. */

import { pathText } from '../checks/index.js';
import { readJournal } from '../journal/index.js';
import type { AbsentRule } from '../scores/index.js';
import { bootstrap, CountTable, dense, meanIoUOf, metricsOf, Ranking, Totals } from '../scores/index.js';
import { checkRecord, checkSettings } from './record.js';
import { journalOf, requireRun } from './run-folder.js';
import { SHOWN } from './run-state.js';
import type { ClassResult, Evaluation, PictureRecord, PictureResult, RunRecord, RunSettings, Skip } from './types.js';
import { isSkip } from './types.js';

/** One image of a run; one line of `per-image.csv`. */
export interface PictureRow extends PictureResult {
  /** In the whole evaluation's list, from 0. */
  place: number;
  /** Digest of the mask that it was compared with. */
  mask: string;
  /** Labelled pixels. */
  truth: number;
  /** Labelled pixels that are right. */
  hit: number;
  /** Classes that were looked for. */
  names: number;
  /** Duration of the segmentation. */
  milliseconds: number;
  /** Total loss of the first step; null without steps. */
  firstLoss: number | null;
  /** Total loss of the last step; null without steps. */
  lastLoss: number | null;
  /** Number of warnings. */
  warnings: number;
}

/** A run as its journal has it. */
export interface ReadRun {
  /** Figures of all images together. */
  evaluation: Evaluation;
  /** Figures of each image, in the order of the list. */
  rows: PictureRow[];
  /** Pixels of each image, in the order of `rows`. */
  table: CountTable;
}

/** Options of `readRun`. */
export interface ReadOptions {
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
  /** Best and worst images; default 8. */
  shown?: number | undefined;
  /** Resamplings of the interval; default 1000. */
  samples?: number | undefined;
}

/**
 * Reads the journal of a run, also of one that is not finished.
 *
 * @param folder that `evaluate` or `mergeRuns` wrote
 * @param options how absent classes count, how many images are shown, how many resamplings are made
 * @returns figures of all images together and of each
 * @throws {InvSegError} `INVALID_OPTION` also where the folder has no journal; `OUTPUT_FAILED` where it is damaged
 * @example
 * ```ts
 * import { readRun } from 'invseg-native/evaluation';
 *
 * const { evaluation, rows } = await readRun('runs/a');
 * console.log(evaluation.mIoU, rows.filter(({ mIoU }) => mIoU !== null && mIoU < 0.5));
 * ```
 */
export async function readRun(
  folder: string,
  { absent = 'nan-mean', shown = SHOWN, samples = 1000 }: ReadOptions = {},
): Promise<ReadRun> {
  pathText.read(folder, 'folder');
  await requireRun(folder);
  let settings: RunSettings | undefined;
  let sums: RunSums | undefined;
  for await (const entry of readJournal<RunRecord>(journalOf(folder))) {
    if ('settings' in entry) {
      settings = checkSettings(entry.settings, entry.where);
      sums = new RunSums(settings.classes.length, shown);
    } else {
      sums!.add(checkRecord(entry.record, settings!.classes.length, entry.where));
    }
  }
  return sums!.finish(settings!, absent, samples);
}

/** The records of a journal, in its order, on their way to a report. */
export class RunSums {
  readonly #totals: Totals;
  readonly #ranking: Ranking;
  readonly #pictures: { row: PictureRow; counts: PictureRecord['counts'] }[] = [];
  readonly #counted = new Set<string>();
  readonly #skipped = new Map<string, Skip & { place: number }>();
  readonly #warnings = new Map<string, { pictures: number; example: string }>();
  readonly #milliseconds: Record<string, number> = {};
  readonly #losses: { pictures: number; total: number; cluster: number; entropy: number }[] = [];

  constructor(classes: number, shown = SHOWN) {
    this.#totals = new Totals(classes);
    this.#ranking = new Ranking(shown);
  }

  add(record: RunRecord): void {
    const { id, place } = record;
    if (this.#counted.has(id)) return;
    if (isSkip(record)) return void this.#skipped.set(id, { id, ...record.skipped, place });
    this.#counted.add(id);
    this.#skipped.delete(id); // it could be read later
    this.#count(record);
  }

  #count(record: PictureRecord): void {
    const { id, place, counts, losses, milliseconds } = record;
    this.#totals.add(record);
    const own = metricsOf(dense(counts, this.#totals.classes));
    if (!Number.isNaN(own.mIoU)) this.#ranking.add({ id, score: own.mIoU });
    const sum = (column: 1 | 2): number => counts.reduce((total, entry) => total + entry[column], 0);
    this.#pictures.push({
      counts,
      row: {
        id,
        place,
        mask: record.mask,
        mIoU: known(own.mIoU),
        aAcc: known(own.aAcc),
        hit: sum(1),
        truth: sum(2),
        names: record.names.length,
        milliseconds: milliseconds.segment,
        firstLoss: losses[0]?.[0] ?? null,
        lastLoss: losses.at(-1)?.[0] ?? null,
        warnings: record.warnings.length,
      },
    });
    for (const [part, value] of Object.entries(milliseconds))
      this.#milliseconds[part] = (this.#milliseconds[part] ?? 0) + value;
    for (const [step, [total, cluster, entropy]] of losses.entries()) {
      const at = (this.#losses[step] ??= { pictures: 0, total: 0, cluster: 0, entropy: 0 });
      at.pictures++;
      at.total += total;
      at.cluster += cluster;
      at.entropy += entropy;
    }
    for (const message of record.warnings) {
      const seen = this.#warnings.get(message);
      if (seen) seen.pictures++;
      else this.#warnings.set(message, { pictures: 1, example: id });
    }
  }

  finish(settings: RunSettings, absent: AbsentRule = 'nan-mean', samples = 1000): ReadRun {
    const pictures = this.#pictures.sort((a, b) => a.row.place - b.row.place);
    const rows = pictures.map(({ row }) => row);
    const table = new CountTable(this.#totals.classes);
    for (const { counts } of pictures) table.add(counts);
    const metrics = metricsOf(this.#totals.counts, absent);
    const mIoU = meanIoUOf(this.#totals.counts, absent);
    const interval = bootstrap(rows.length, (times) => mIoU(table.sum(times)), { samples });
    const skipped = [...this.#skipped.values()]
      .sort((a, b) => a.place - b.place)
      .map(({ id, code, message }) => ({ id, code, message }));
    const shown = (list: readonly { id: string }[]): PictureResult[] =>
      list
        .map(({ id }) => rows.find((row) => row.id === id)!)
        .map((row) => ({ id: row.id, mIoU: row.mIoU, aAcc: row.aAcc }));
    const count = Math.max(1, rows.length);
    const evaluation: Evaluation = {
      format: 'invseg-evaluation/1',
      mIoU: known(metrics.mIoU),
      mAcc: known(metrics.mAcc),
      aAcc: known(metrics.aAcc),
      mIoU95: [known(interval.low), known(interval.high)],
      absent,
      perClass: settings.classes.map((name, c) => this.#classResult(name, c, metrics.iou[c]!, metrics.accuracy[c]!)),
      confusion: matrix(this.#totals.confusion, this.#totals.classes),
      protocol: settings.protocol,
      settings,
      pictures: {
        total: settings.pictures,
        evaluated: rows.length,
        skipped: skipped.length,
        withoutNames: skipped.filter(({ code }) => code === 'NAMES_NOT_FOUND').length,
        unnamed: rows.filter((row) => row.names === 0).length,
      },
      skipped: [...settings.unlisted, ...skipped],
      warnings: [...this.#warnings]
        .map(([message, seen]) => ({ message, ...seen }))
        .sort((a, b) => b.pictures - a.pictures),
      milliseconds: Object.fromEntries(
        Object.entries(this.#milliseconds).map(([part, sum]) => [part, sum / count]),
      ) as Evaluation['milliseconds'],
      losses: this.#losses.map(({ pictures: n, total, cluster, entropy }) => ({
        pictures: n,
        total: total / n,
        cluster: cluster / n,
        entropy: entropy / n,
      })),
      worst: shown(this.#ranking.worst),
      best: shown(this.#ranking.best),
    };
    return { evaluation, rows, table };
  }

  #classResult(name: string, c: number, iou: number, accuracy: number): ClassResult {
    const { counts, confusion, classes, pictures } = this.#totals;
    const found = confusion.subarray(c * classes, (c + 1) * classes).reduce((a, b) => a + b, 0);
    return {
      name,
      iou: known(iou),
      accuracy: known(accuracy),
      hit: counts.hit[c]!,
      truth: counts.truth[c]!,
      predicted: counts.predicted[c]!,
      unassigned: counts.truth[c]! - found,
      pictures: pictures[c]!,
    };
  }
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

function matrix(flat: Float64Array, classes: number): number[][] {
  return Array.from({ length: classes }, (_, row) => Array.from(flat.subarray(row * classes, (row + 1) * classes)));
}
