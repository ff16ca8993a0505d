/** What is odd about a data set that can be read. */
import type { ErrorCode } from '../errors.js';
import { loadVocabulary } from '../names/index.js';
import type { FileDataset } from './dataset.js';
import type { Histogram } from './histogram.js';
import { layouts } from './layouts.js';
import type { DatasetOptions } from './options.js';
import type { ClassNames } from './types.js';

/** A remark on a data set. */
export interface Finding {
  /** How grave it is; only an `error` makes the check fail. */
  level: 'error' | 'warning' | 'note';
  /** Where an error was met. */
  code?: ErrorCode;
  /** In words. */
  text: string;
}

/** At most so many masks are named. */
const SPARE = 5;

export interface RemarksInput {
  dataset: FileDataset;
  /** Of the sample. */
  histogram: Histogram;
  /** Name of the list, in full. */
  split: string | undefined;
  options: DatasetOptions;
}

export async function remarks({ dataset, histogram, split, options }: RemarksInput): Promise<Finding[]> {
  const found: Finding[] = [];
  const warn = (text: string): unknown => found.push({ level: 'warning', text });
  const published = split === undefined ? undefined : layouts[options.kind].published[split];
  const listed = dataset.ids.length;
  if (published && !published.includes(listed)) {
    warn(`the list has ${listed} images, the published one ${published.join(' or ')}; figures do not compare`);
  }
  const spare = (await dataset.spareMasks?.()) ?? [];
  if (spare.length > 0) {
    const shown = spare.slice(0, SPARE).join(', ') + (spare.length > SPARE ? `, and ${spare.length - SPARE} more` : '');
    warn(`${spare.length === 1 ? 'one mask has' : `${spare.length} masks have`} no image of that name: ${shown}`);
  }
  if (histogram.total > 0) {
    const seen = histogram.rows(dataset.classes).filter(({ pixels }) => pixels > 0);
    if (seen.length <= 1) warn('the sample shows one label only; are these the right masks?');
    if (histogram.ignored > 0.5) warn('more than half of the sample is ignored; are these the right masks?');
    // Stuff covers most of PASCAL Context, so its background is rare.
    if (dataset.hasBackground && options.kind !== 'context' && histogram.leading(0) === 0) {
      warn(
        'index 0, the background, is in no mask of the sample the most common one; masks whose background is the ' +
          'last index look like this. Write 0 for the background, or let the masks name their labels ' +
          '(invseg segment does both)',
      );
    }
    // Only masks that say indices can be read in the wrong order; ids of the raw release cannot.
    const order = dataset.protocol.includes('.mat') ? undefined : options.indexOrder;
    if (order !== undefined) found.push({ level: 'note', text: await bothOrders(dataset, histogram, order) });
  }
  return found;
}

/** The same labels by the names of both orders: a person sees at once which makes sense. */
async function bothOrders(
  dataset: FileDataset,
  histogram: Histogram,
  order: NonNullable<DatasetOptions['indexOrder']>,
): Promise<string> {
  const other = order === 'alphabetical' ? 'voc-first' : 'alphabetical';
  const { classes: named } = await loadVocabulary(`context-${other}`);
  const most = (classes: readonly ClassNames[]): string =>
    histogram
      .rows(classes)
      .filter(({ name, pixels }) => pixels > 0 && name !== 'background')
      .sort((a, b) => b.pixels - a.pixels)
      .slice(0, 6)
      .map(({ name }) => name)
      .join(', ');
  const [here, there] = [most(dataset.classes), most(dataset.hasBackground ? [dataset.classes[0]!, ...named] : named)];
  return (
    `most of the sample is ${here} in the order ${order}; in the order ${other} it would be ${there}. People, sky, ` +
    'buildings, trees and grass are frequent in these images: if the second reads better, the order is wrong'
  );
}
