/** Where the names of the rows come from: what a caller can offer, and why a source is not to be had. */

import { InvSegError } from '../errors.js';
import type { NameSource } from '../names/index.js';
import type { RowNames } from './types.js';
import { rowNames } from './types.js';

/** A source that is there; it is opened when its first row runs. */
export interface NamesOffer {
  /** For folders and reports: `captions`. */
  readonly label: string;
  /** Two offers of the same text give the same names; a file's content belongs to it. */
  readonly identity: string;
  /**
   * Opens the source.
   *
   * @throws {InvSegError} `NAMES_…` where it has no names: the row says so, and the others go on
   */
  open(): Promise<NameSource>;
}

/** A source that is not, and why, in words: `needs --captions-llava`. */
export interface NamesLacking {
  /** In words. */
  readonly missing: string;
}

/** Sources of names by what a row asks for; what is left out is not to be had. */
export type NamesOffers = Readonly<Partial<Record<RowNames, NamesOffer | NamesLacking>>>;

/** Every source, as if it were there: for plans that nobody runs. */
export function assumedOffers(): NamesOffers {
  const open = (): Promise<NameSource> =>
    Promise.reject(new InvSegError('INTERNAL', 'A source of names that was only assumed was opened'));
  const offer = (label: string): NamesOffer => ({ label, identity: label, open });
  const same = offer('diffsegmenter');
  return {
    ...Object.fromEntries(rowNames.map((name) => [name, offer(name)])),
    standard: same,
    strategy: same,
    diffsegmenter: same,
  };
}

export const isLacking = (offer: NamesOffer | NamesLacking): offer is NamesLacking => 'missing' in offer;
