/** What a manifest says of methods and of names. */

import type { JsonReader } from '../checks/index.js';
import { InvSegError } from '../errors.js';
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
export function readMethods(methods: JsonReader): ModelMethods {
  if (!methods.present) return {};
  for (const [method, options] of methods.entries()) {
    if (!methodNames.includes(method as MethodName)) methods.fail(`names of methods (${methodNames.join(', ')})`);
    for (const [key, option] of options.entries()) {
      if (CALLERS.includes(key)) option.fail(`no ${key}, which a call decides,`);
    }
    try {
      resolveOptions({ ...options.record(), method: method as MethodName });
    } catch (error) {
      if (!(error instanceof InvSegError)) throw error;
      throw new InvSegError('MANIFEST_INVALID', `${options.file}: ${options.path}: ${error.message}`, { cause: error });
    }
  }
  return methods.record() as ModelMethods;
}

/**
 * `names`, cleaned as a caller's are.
 *
 * @throws {InvSegError} `MANIFEST_INVALID` with the path of the wrong one
 */
export function readNames(names: JsonReader): string[] {
  if (!names.present) return [];
  return names.list().map((name) => {
    try {
      return cleanName(name.value, 'a name');
    } catch {
      return name.fail('a name');
    }
  });
}
