/** What a manifest says of methods and of names. */

import type { Field } from '../checks/index.js';
import type { ModelMethods } from '../options/index.js';
import { type MethodName, methodNames, resolveOptions } from '../options/index.js';
import { cleanName } from '../text/index.js';

/** What a call decides and no model. */
const CALLERS = ['method', 'preset', 'seed'];

/**
 * `defaults.methods`, checked by the rules that a caller's options have.
 *
 * @throws {InvSegError} `MANIFEST_INVALID` with the path of the wrong field
 */
export function readMethods(methods: Field): ModelMethods {
  if (!methods.present) return {};
  for (const [method, options] of methods.entries()) {
    if (!methodNames.includes(method as MethodName)) methods.expected(`names of methods (${methodNames.join(', ')})`);
    for (const [key, option] of options.entries()) {
      if (CALLERS.includes(key)) option.expected(`no ${key}, which a call decides,`);
    }
    try {
      resolveOptions({ ...options.record(), method: method as MethodName });
    } catch (error) {
      options.error(`${options.place}: ${(error as Error).message}`, error);
    }
  }
  return methods.record() as ModelMethods;
}

/**
 * `names`, cleaned as a caller's are.
 *
 * @throws {InvSegError} `MANIFEST_INVALID` with the path of the wrong one
 */
export function readNames(names: Field): string[] {
  return names.items().map((name) => name.check(cleanName));
}
