/** Where the names of a picture's categories come from: one interface for all sources. */
import type { LabelMap } from '../datasets/index.js';
import type { ImageInput } from '../image/decode.js';

/** Sources by their name on the command line. */
export const nameSourceNames = ['given', 'ground-truth', 'captions', 'precomputed', 'diffsegmenter'] as const;
export type NameSourceName = (typeof nameSourceNames)[number];

/** A picture that is to be named. */
export interface NamedItem {
  /** What lists of names call it: an id of a data set or a file name; folders and extension do not matter. */
  readonly id: string;
  /** File, or the picture itself for callers that have decoded it. */
  readonly image: ImageInput;
  /** Needed by `ground-truth` alone. */
  readonly mask?: LabelMap;
}

/** `similarity`: the source found nothing, and the picture was compared with all classes. */
export type NameOrigin = NameSourceName | 'similarity';

export interface FoundNames {
  /** As they go into a prompt, each once, in the vocabulary's order, without the background; empty where nothing was found. */
  readonly names: string[];
  readonly origin: NameOrigin;
  readonly warnings: string[];
}

export interface NameSource {
  /** One line for reports. */
  readonly description: string;
  /** @throws {InvSegError} where the picture cannot be named at all: no mask, no entry in the file, an unreadable picture */
  namesOf(item: NamedItem, signal?: AbortSignal): Promise<FoundNames>;
}
