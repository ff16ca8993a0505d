/** What an option can change. Whoever reuses a result under other options asks here, so that no option is forgotten. */
import type { MethodOptions } from './generated.js';
import type { NativeName, Scope } from './row.js';
import { leaves, valueAt } from './row.js';
import { methodTable } from './table.js';

/** The options that can change something of `scope`, by their keys (`views.crop.min`). */
export function optionsOf(scope: Scope, options: MethodOptions): Record<string, unknown> {
  const own = leaves(methodTable).filter(({ row }) => row.scopes.includes(scope));
  return Object.fromEntries(own.map(({ key, path }) => [key, valueAt(options, path)]));
}

/** The value of an option by its key. */
export const optionAt = (options: MethodOptions, key: string): unknown => valueAt(options, key.split('.'));

/** The options that a call of the addon takes, under the names that its reader asks for. */
export function nativeOptions(call: keyof NativeName, options: MethodOptions): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const { row, path } of leaves(methodTable)) {
    const [name, member] = row.native?.[call]?.split('.') ?? [];
    if (name === undefined) continue;
    const value = valueAt(options, path);
    given[name] = member === undefined ? value : { ...(given[name] as object | undefined), [member]: value };
  }
  return given;
}
