/** What differs between two records of settings, in words. */
import { isPlainObject } from '../checks/index.js';
import type { JournalRecord } from './seal.js';

/** A setting that differs. */
export interface Difference {
  /** Its name; groups are opened: `options.views.crop.min`. */
  key: string;
  /** Its value in the one, shortened. */
  there: string;
  /** Its value in the other, shortened. */
  here: string;
}

const LONGEST = 120;

/** As JSON would have it: undefined is nothing. */
export function differences(theirs: JournalRecord, ours: JournalRecord, prefix = ''): Difference[] {
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return keys.flatMap((name) => {
    const [there, here] = [theirs, ours].map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
    const key = `${prefix}${name}`;
    if (isPlainObject(there) && isPlainObject(here)) return differences(there, here, `${key}.`);
    return text(there) === text(here) ? [] : [{ key, there: shorten(text(there)), here: shorten(text(here)) }];
  });
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

const shorten = (value: string): string => (value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
