/**
 * Other thresholds of the background from the same run: DiffSegmenter's published figure is the best of a sweep over the
 * validation set, so a fixed threshold alone would not be comparable with it.
 */
import path from 'node:path';
import type { Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { Evaluated } from '../evaluation/index.js';
import { ClassIndex, isSparse, openFolder } from '../evaluation/index.js';
import type { JournalRecord } from '../journal/index.js';
import { Journal } from '../journal/index.js';
import type { NameSource } from '../names/index.js';
import type { AbsentRule, SparseCounts } from '../scores/index.js';
import { bootstrap, CountTable, countPairs, meanIoUOf, metricsOf } from '../scores/index.js';
import { labelsAt } from '../segmenter/index.js';
import type { SweptFigures } from './types.js';

/** DiffSegmenter's. */
export const thresholds: readonly number[] = Array.from({ length: 23 }, (_, i) => (30 + 2 * i) / 100);

interface SweepRecord extends JournalRecord {
  readonly id: string;
  /** [thresholds] counts of the picture. */
  readonly swept: readonly SparseCounts[];
}

/** @throws {InvSegError} `OUTPUT_FAILED` */
function checkSwept(record: SweepRecord, classes: number, where: string): SweepRecord {
  const { id, swept } = record;
  const whole =
    typeof id === 'string' &&
    Array.isArray(swept) &&
    swept.length === thresholds.length &&
    swept.every((counts) => isSparse(counts, classes));
  if (whole) return record;
  throw new InvSegError(
    'OUTPUT_FAILED',
    `${where}: expected counts of ${thresholds.length} thresholds but found something else`,
  );
}

/** A picture between its names and its masks. */
interface Seen {
  id: string;
  truth: Uint8Array;
  /** Category of the call → label of the data set, the background last. */
  labelOf: Uint8Array;
}

/** Listens in on a run of `evaluate`: what it names and what it segments. Its own journal is beside the run's. */
export class Sweep implements AsyncDisposable {
  readonly #journal: Journal<SweepRecord>;
  readonly #dataset: Dataset;
  readonly #index: ClassIndex;
  readonly #tables: CountTable[];
  readonly #done = new Set<string>();
  /** By the decoded picture, which names and segmentation share. */
  readonly #seen = new WeakMap<object, Seen>();

  private constructor(journal: Journal<SweepRecord>, records: readonly SweepRecord[], dataset: Dataset) {
    this.#journal = journal;
    this.#dataset = dataset;
    this.#index = new ClassIndex(dataset);
    this.#tables = thresholds.map(() => new CountTable(dataset.classes.length));
    for (const record of records) this.#count(record);
  }

  /** @param folder of the run @param model what its weights are @throws {InvSegError} `OUTPUT_FAILED`, `INVALID_OPTION` as journals do */
  static async open(folder: string, dataset: Dataset, model: string): Promise<Sweep> {
    await openFolder(folder, false);
    const settings = {
      format: 'invseg-sweep/1',
      model,
      protocol: dataset.protocol,
      classes: dataset.classes.length,
      thresholds,
    };
    const file = path.join(folder, 'sweep.jsonl');
    const records: SweepRecord[] = [];
    const journal = await Journal.open<SweepRecord>(
      file,
      settings,
      (record, where) => void records.push(checkSwept(record, dataset.classes.length, where)),
    );
    return new Sweep(journal, records, dataset);
  }

  names(source: NameSource): NameSource {
    return {
      description: source.description,
      ...(source.knows && { knows: (id) => source.knows!(id) }),
      namesFor: async (item) => {
        const found = await source.namesFor(item);
        const labels = this.#index.labelsOf(found.names);
        const { labels: truth } = await item.loadMask!();
        const seen = { id: item.id, truth, labelOf: Uint8Array.from([...labels, 0]) };
        // Without a name the engine is not asked, and the picture is background at every threshold.
        if (labels.length === 0) await this.#keep(seen, () => new Uint8Array(truth.length));
        else this.#seen.set(item.image as object, seen);
        return found;
      },
    };
  }

  segmenter(inner: Evaluated): Evaluated {
    return {
      info: inner.info,
      segment: async (image, options) => {
        const result = await inner.segment(image, { ...options, saveStrengths: true });
        const seen = this.#seen.get(image as object);
        const { strengths } = result;
        if (seen && strengths)
          await this.#keep(seen, (threshold) =>
            labelsAt(strengths, threshold).map((category) => seen.labelOf[category]!),
          );
        return result;
      },
    };
  }

  /** Before the run's journal says that the picture is done, so that none is missing here which is there. */
  async #keep({ id, truth }: Seen, predictedAt: (threshold: number) => Uint8Array): Promise<void> {
    if (this.#done.has(id)) return;
    const { classes } = this.#dataset;
    const record = {
      id,
      swept: thresholds.map((threshold) => countPairs(truth, predictedAt(threshold), classes.length).counts),
    };
    this.#count(record);
    await this.#journal.append(record);
  }

  #count({ id, swept }: SweepRecord): void {
    if (this.#done.has(id)) return;
    this.#done.add(id);
    this.#tables.forEach((table, i) => table.add(swept[i]!));
  }

  /** The threshold of the highest mIoU over all pictures. @param pictures of the run; undefined where some were not swept */
  best(pictures: number, absent?: AbsentRule): SweptFigures | undefined {
    if (pictures === 0 || this.#done.size !== pictures) return undefined;
    const once = new Uint8Array(pictures).fill(1);
    const all = this.#tables.map((table, i) => ({
      threshold: thresholds[i]!,
      table,
      ...metricsOf(table.sum(once), absent),
    }));
    const { threshold, table, mIoU, mAcc, aAcc } = all.reduce((a, b) => (b.mIoU > a.mIoU ? b : a));
    const meanIoU = meanIoUOf(table.sum(once), absent);
    const { low, high } = bootstrap(pictures, (times) => meanIoU(table.sum(times)));
    return { threshold, mIoU: known(mIoU), mAcc: known(mAcc), aAcc: known(aAcc), mIoU95: [known(low), known(high)] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
