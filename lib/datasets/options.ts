/** Options of `openDataset` and of the command line's `--kind … --root …`: rule, meaning, and the kinds they are for. */

import type { Rule } from '../checks/index.js';
import { isPlainObject, oneOf, refuse, rejectUnknown, text } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { MINIATURE } from './miniature.js';
import type { DatasetKind } from './types.js';
import { datasetKinds } from './types.js';

/** What `openDataset` takes. */
export interface DatasetOptions {
  /** How the files are laid out. */
  kind: DatasetKind;
  /** Folder of the data set, or one above it (`VOCdevkit`). */
  root: string;
  /** Name of the list; the default is `val`, for `folder` all pictures. */
  split?: string | undefined;
  /** VOC and Context: the folder of the masks, beside `JPEGImages`. */
  masks?: string | undefined;
  /** Context, required: which class has which index. A file does not say. */
  indexOrder?: 'alphabetical' | 'voc-first' | undefined;
  /** Whether the background is a class (default) or ignored; then the labels shift down by one (Context59). */
  background?: 'class' | 'ignore' | undefined;
  /** COCO: where the labels come from; `auto` takes the first that is there. */
  route?: 'auto' | 'stuffthingmaps' | 'converted' | 'instances' | undefined;
  /** COCO instances: what a crowd is. */
  crowd?: 'class' | 'background' | 'ignore' | undefined;
  /** COCO instances: where objects of several classes overlap, the smallest on top, or nobody. */
  overlap?: 'smallest' | 'ignore' | undefined;
  /** An image that cannot be used: an error (default), or left out and counted. */
  onProblem?: 'throw' | 'skip' | undefined;
  /** Links that lead out of the root: refused (default) or followed. */
  links?: 'refuse' | 'follow' | undefined;
}

export type ResolvedOptions = {
  [K in 'background' | 'route' | 'crowd' | 'overlap' | 'onProblem' | 'links']: NonNullable<DatasetOptions[K]>;
} & Pick<DatasetOptions, 'kind' | 'root' | 'split' | 'masks' | 'indexOrder'>;

interface DatasetDefinition<T> {
  rule: Rule<T>;
  help: string;
  default?: T;
  /** Left out: all kinds. */
  kinds?: readonly DatasetKind[];
}

const name = text('a file name without folders', (value) => isFileName(value));

export const datasetDefinitions: {
  readonly [K in keyof DatasetOptions]-?: DatasetDefinition<NonNullable<DatasetOptions[K]>>;
} = {
  kind: { rule: oneOf(...datasetKinds), help: datasetKinds.join(', ') },
  root: {
    rule: text('the path of a folder', (value) => value !== ''),
    help: 'folder of the data set, or its parent',
  },
  split: { rule: name, help: 'name of the image list (default: val; kind folder: all images)' },
  masks: { rule: name, help: 'mask folder, such as SegmentationClassAug', kinds: ['voc', 'context'] },
  indexOrder: {
    rule: oneOf('alphabetical', 'voc-first'),
    help: 'order of the classes, alphabetical or voc-first (required)',
    kinds: ['context'],
  },
  background: {
    rule: oneOf('class', 'ignore'),
    default: 'class',
    help: 'class: counts as a class; ignore: not counted, labels shift down by one (Context59)',
  },
  route: {
    rule: oneOf('auto', 'stuffthingmaps', 'converted', 'instances'),
    default: 'auto',
    help: 'source of the labels: auto, stuffthingmaps, converted or instances',
    kinds: ['coco'],
  },
  crowd: {
    rule: oneOf('class', 'background', 'ignore'),
    default: 'class',
    help: 'crowds in the route instances: class, background or ignore',
    kinds: ['coco'],
  },
  overlap: {
    rule: oneOf('smallest', 'ignore'),
    default: 'smallest',
    help: 'overlaps in the route instances: smallest (object on top) or ignore',
    kinds: ['coco'],
  },
  onProblem: {
    rule: oneOf('throw', 'skip'),
    default: 'throw',
    help: 'unusable images: throw, or skip (and count them)',
  },
  links: {
    rule: oneOf('refuse', 'follow'),
    default: 'refuse',
    help: 'links that lead out of the root: refuse or follow',
  },
};

/** @throws {InvSegError} `INVALID_OPTION` that names the option, what was expected and what came */
export function resolveDatasetOptions(given: DatasetOptions): ResolvedOptions {
  if (!isPlainObject(given)) refuse('the data set', 'an object with kind and root', given);
  rejectUnknown(given, Object.keys(datasetDefinitions));
  const kind = datasetDefinitions.kind.rule.read(given.kind, 'kind');
  const resolved: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries(datasetDefinitions) as [string, DatasetDefinition<unknown>][]) {
    const value = (given as Record<string, unknown>)[key];
    if (value === undefined && key !== 'root') {
      resolved[key] = definition.default;
      continue;
    }
    resolved[key] = definition.rule.read(value, key);
    checkKind(key as keyof DatasetOptions, kind);
  }
  return resolved as unknown as ResolvedOptions;
}

/** @param kind as the user knows it @throws {InvSegError} `INVALID_OPTION` for an option of other kinds */
export function checkKind(key: keyof DatasetOptions, kind: DatasetKind | typeof MINIATURE): void {
  const { kinds } = datasetDefinitions[key];
  if (kinds && !kinds.some((one) => one === kind)) {
    throw new InvSegError(
      'INVALID_OPTION',
      `${key} is an option of ${kinds.join(' and ')}, not of ${kind}; leave it out`,
    );
  }
}

/** One path component: no separator, no drive, no way up. */
export function isFileName(value: string): boolean {
  return value !== '' && value !== '.' && value !== '..' && !/[/\\\0:]/.test(value);
}
