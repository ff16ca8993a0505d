/**
 * A checksum behind each line of a journal: a disk, a copy or an editor that changes one of its digits is noticed. It tells
 * accidents, not forgers, who can write a checksum too: what a record says is for its reader to check.
 */
import { createHash } from 'node:crypto';

/** JSON data; numbers must be finite, or they would come back as null. */
export type JournalRecord = { readonly [key: string]: unknown };

const TAIL = /,"checksum":"([0-9a-f]{16})"\}$/;
const TAIL_LENGTH = ',"checksum":"0123456789abcdef"}'.length;

/** @param value an object with at least one field @returns one line of JSON without its end */
export function seal(value: unknown): string {
  const text = JSON.stringify(value);
  return `${text.slice(0, -1)},"checksum":"${checksum(text)}"}`;
}

/** @returns the JSON that was sealed; null where it is another one by now; undefined where there is no checksum */
export function unseal(line: string): string | null | undefined {
  const found = TAIL.exec(line.slice(-TAIL_LENGTH));
  if (!found) return undefined;
  const text = `${line.slice(0, -TAIL_LENGTH)}}`;
  return checksum(text) === found[1] ? text : null;
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
