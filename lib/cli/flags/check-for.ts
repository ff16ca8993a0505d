/** Flags that say more about another one, without which nobody would read them. */
import { InvSegError } from '../../errors.js';

/** @throws {InvSegError} `INVALID_OPTION` where `flag` was given and `other`, which it is for, was not */
export function checkFor(flag: string, value: unknown, other: string, otherValue: unknown): void {
  if (value === undefined || otherValue !== undefined) return;
  throw new InvSegError('INVALID_OPTION', `${flag} is for ${other}; name both, or leave ${flag} out`);
}
