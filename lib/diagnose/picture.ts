/** One picture of the sample, and each kind of work on it. */
import type { Dataset, DatasetItem } from '../datasets/index.js';
import type { LabelMap } from '../labels/index.js';
import { IGNORED } from '../labels/index.js';
import type { MethodOverrides } from '../options/index.js';
import { mergeOverrides } from '../options/index.js';
import type { SparseCounts } from '../scores/index.js';
import { countPairs } from '../scores/index.js';
import type { Segmenter } from '../segmenter/index.js';
import { rowEntropies } from './attention.js';
import type { Probe } from './probe.js';
import { probe } from './probe.js';

export interface Picture {
  item: DatasetItem;
  mask: LabelMap;
  /** Labels in the mask, without the background, in the data set's order; their prompt names are the categories. */
  labels: number[];
  names: string[];
  /** Classes of the data set. */
  classes: number;
}

/** @returns the picture, or the reason why nothing can be asked of it @throws the data set's errors */
export async function openPicture(dataset: Dataset, id: string): Promise<Picture | string> {
  const item = await dataset.item(id);
  const mask = await item.loadMask();
  const seen = new Set(mask.labels);
  const labels = dataset.classes.flatMap((_, label) => (label > 0 && seen.has(label) ? [label] : []));
  if (labels.length === 0) return 'the mask shows no class but the background';
  return {
    item,
    mask,
    labels,
    names: labels.map((label) => dataset.classes[label]!.prompt),
    classes: dataset.classes.length,
  };
}

/** The losses of the prompt as written; the rows of all self-attention are read where `rows` says so. */
export async function probePicture(
  segmenter: Segmenter,
  { item, mask, labels, names, classes }: Picture,
  overrides: MethodOverrides,
  rows: boolean,
  signal: AbortSignal | undefined,
): Promise<{ probe: Probe; rows: Record<number, number> | undefined }> {
  // Categories stand in the order of the names, the background last.
  const categoryOf = Array.from({ length: IGNORED + 1 }, (_, label) => {
    if (label === 0) return labels.length;
    const category = labels.indexOf(label);
    return label < classes && category >= 0 ? category : undefined;
  });
  let found: Probe | undefined;
  let entropies: Record<number, number> | undefined;
  // Every resolution of the self-attention is asked for, so that its rows can be read; what is predicted does not matter.
  const all: MethodOverrides = rows ? { attention: { inferenceSelf: 'proportional' } } : {};
  await segmenter.observe(
    item.imagePath,
    { ...mergeOverrides(overrides, all), method: 'invseg', steps: 0, categories: names, signal },
    async (step, _, context) => {
      if (step > 0) return;
      found = await probe(context, mask, categoryOf);
      if (rows) entropies = await rowEntropies(context);
    },
  );
  return { probe: found!, rows: entropies };
}

export interface Run {
  counts: SparseCounts;
  /** Loss on the first step's views before and after the loop. */
  before?: number;
  after?: number;
}

/** One segmentation, scored at the size of the ground truth. */
export async function runPicture(
  segmenter: Segmenter,
  { item, mask, labels, names, classes }: Picture,
  overrides: MethodOverrides,
  signal: AbortSignal | undefined,
): Promise<Run> {
  const result = await segmenter.segment(item.imagePath, {
    ...overrides,
    method: 'invseg',
    compareLoss: true,
    categories: names,
    signal,
  });
  const labelOf = [...labels, 0];
  const predicted = result.labels.map((category) => labelOf[category]!);
  return { counts: countPairs(mask.labels, predicted, classes).counts, ...result.comparison };
}
