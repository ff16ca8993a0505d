/** Flags that say more about another one, without which nobody would read them. */
import { InvSegError } from '../../errors.js';
import { methods } from '../../methods/index.js';
import type { MethodName } from '../../options/index.js';
import { methodNames } from '../../options/index.js';

/** @throws {InvSegError} `INVALID_OPTION` where `flag` was given and `other`, which it is for, was not */
export function checkFor(flag: string, value: unknown, other: string, otherValue: unknown): void {
  if (value === undefined || otherValue !== undefined) return;
  throw new InvSegError('INVALID_OPTION', `${flag} is for ${other}; name both, or leave ${flag} out`);
}

export const hasSteps = (method: MethodName): boolean => methods[method].hasSteps === true;

/** @throws {InvSegError} `INVALID_OPTION` for flags of the steps beside a method that has none; 0 of them are as good */
export function checkSteps(method: MethodName, flags: { steps?: string; compareLoss?: true }): void {
  if (hasSteps(method)) return;
  const given = [
    flags.steps !== undefined && flags.steps.trim() !== '0' && '--steps',
    flags.compareLoss && '--compare-loss',
  ];
  const flag = given.find(Boolean);
  if (!flag) return;
  const learning = methodNames.filter(hasSteps).join(', ');
  throw new InvSegError(
    'INVALID_OPTION',
    `${flag} is for a method that learns in steps (${learning}) but the method is ${method}; leave ${flag} out`,
  );
}
