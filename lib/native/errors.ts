/** Turns what the addon throws and rejects with into `InvSegError`. */
import { InvSegError, isErrorCode } from '../errors.js';

/** An error of the addon as `InvSegError`, its own code kept; `INTERNAL` where it has none of ours. */
export function toInvSegError(error: unknown): InvSegError {
  if (error instanceof InvSegError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const known = isErrorCode(code) ? code : 'INTERNAL';
  return new InvSegError(known, message, { cause: error });
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Gives an object of the addon methods that fail with `InvSegError`, and does the same to the handles that they return,
 * by themselves or as members of an object or a list.
 *
 * Own properties shadow the native ones, so the object stays the native one: it can be passed back to the addon, which a
 * wrapper or a Proxy could not.
 */
export function adopt<T extends object>(native: T): T {
  for (const [name, method] of methods(native)) {
    const adopted = function (this: unknown, ...args: unknown[]): unknown {
      try {
        const result = method.apply(this, args);
        return result instanceof Promise ? result.then(adoptHandles, fail) : adoptHandles(result);
      } catch (error) {
        return fail(error);
      }
    };
    Object.defineProperty(native, name, { value: adopted, configurable: true, writable: true });
  }
  return native;
}

function adoptHandles(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if ('dispose' in value) return adopt(value);
  // What the addon makes is a tree: a plain object or a list of numbers, typed arrays and handles.
  for (const member of Object.values(value)) adoptHandles(member);
  return value;
}

function fail(error: unknown): never {
  throw toInvSegError(error);
}

function methods(native: object): Map<string, Method> {
  const found = new Map<string, Method>();
  for (
    let at: object | null = native;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof property.value !== 'function' || name === 'constructor' || found.has(name)) continue;
      found.set(name, property.value as Method);
    }
  }
  return found;
}
