/** Where a run is: sums and ids, no pictures. */
import { Listener } from '../listener.js';
import { dense, metricsOf, Ranking, Totals } from '../scores/index.js';
import type { EvaluateOptions, EvaluateProgress } from './options.js';
import { checkRecord } from './record.js';
import type { PictureRecord, RunRecord, SkipRecord } from './types.js';
import { isSkip } from './types.js';

/** Best and worst pictures of a report. */
export const SHOWN = 8;

export class RunState {
  readonly listener: Listener<[EvaluateProgress]>;
  readonly #given: EvaluateOptions;
  readonly #total: number;
  readonly #totals: Totals;
  readonly #ranking = new Ranking(SHOWN);
  readonly #counted = new Set<string>();
  readonly #skipped = new Set<string>();
  /** Left out by earlier runs, which is tried again: id → code. */
  readonly #earlier = new Map<string, string>();
  #resumed = 0;

  /** @param total pictures of the run */
  constructor(given: EvaluateOptions, total: number) {
    this.#given = given;
    this.listener = new Listener(given.onProgress);
    this.#total = total;
    this.#totals = new Totals(given.dataset.classes.length);
  }

  counted(id: string): boolean {
    return this.#counted.has(id);
  }

  /** Digests of the masks of earlier runs, by id. */
  readonly masks = new Map<string, string>();

  /** A record of an earlier run. @param where it stands @throws {InvSegError} `OUTPUT_FAILED` for one that says what no picture can */
  resume(value: RunRecord, where: string): void {
    const record = checkRecord(value, this.#totals.classes, where);
    if (isSkip(record)) return void this.#earlier.set(record.id, record.skipped.code);
    this.add(record);
    this.masks.set(record.id, record.mask);
    this.#resumed = this.#counted.size;
  }

  /** @returns whether the picture is among the best or the worst, and which ones are not any more */
  add(record: PictureRecord): { kept: boolean; gone: string[] } {
    const { id } = record;
    if (this.#counted.has(id)) return { kept: false, gone: [] };
    this.#counted.add(id);
    this.#totals.add(record);
    const score = metricsOf(dense(record.counts, this.#totals.classes)).mIoU;
    return Number.isNaN(score) ? { kept: false, gone: [] } : this.#ranking.add({ id, score });
  }

  /** @returns whether the journal does not say so yet; the libraries word one reason in several ways */
  skip(record: SkipRecord): boolean {
    this.#skipped.add(record.id);
    return this.#earlier.get(record.id) !== record.skipped.code;
  }

  report(id: string | undefined): void {
    const { onProgress, absent } = this.#given;
    if (!onProgress) return;
    const skipped = this.#skipped.size;
    const { mIoU } = metricsOf(this.#totals.counts, absent);
    this.listener.tell({
      done: this.#counted.size + skipped,
      total: this.#total,
      skipped,
      resumed: this.#resumed,
      mIoU,
      id,
    });
  }
}
