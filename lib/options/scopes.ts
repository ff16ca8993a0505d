/** What an option can change. Whoever reuses a result under other options asks here, so that no option is forgotten. */
import { methodDefinitions } from './definitions.js';
import type { MethodOptions } from './types.js';

/**
 * `loop`: what is learnt; `loss`: the value of the loss for a given prompt, on the whole picture; `prediction`: the masks of
 * a given prompt; `output`: what is returned beside them.
 */
export type Scope = 'loop' | 'loss' | 'prediction' | 'output';

/** Of an option, or of each member of a group where they differ. */
export type Scopes<T> = readonly Scope[] | { readonly [K in keyof T]-?: readonly Scope[] };

/** The options that can change something of `scope`, members of a group apart; the key of a member is `group.member`. */
export function optionsOf(scope: Scope, options: MethodOptions): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, { scopes }] of Object.entries(methodDefinitions)) {
    const value: unknown = options[key as keyof MethodOptions];
    if (Array.isArray(scopes)) {
      if (scopes.includes(scope)) kept[key] = value;
      continue;
    }
    for (const [member, own] of Object.entries(scopes as Record<string, readonly Scope[]>)) {
      if (own.includes(scope)) kept[`${key}.${member}`] = (value as Record<string, unknown>)[member];
    }
  }
  return kept;
}
