/** What an option is: one row of a table. Checks, types, defaults, flags, help and documents are made from it. */
import type { Rule } from '../checks/index.js';

/**
 * What an option can change. `loop`: what is learnt; `loss`: the value of the loss for a given prompt, on the whole image;
 * `prediction`: the masks of a given prompt; `output`: what is returned beside them; `engine`: where and how it runs.
 */
export type Scope = 'loop' | 'loss' | 'prediction' | 'output' | 'engine';

/** Which call of the addon takes the value, and under which name (`entropy.reduce` is nested there); its reader checks that it is there. */
export interface NativeName {
  readonly inversion?: string;
  readonly prediction?: string;
  readonly labels?: string;
}

export interface Row<T> {
  readonly rule: Rule<T>;
  readonly default: T;
  /** One sentence, in lower case and without a full stop, for `--help` and the tables. */
  readonly help: string;
  /** What else its documentation says; whole sentences. */
  readonly details?: string;
  readonly scopes: readonly Scope[];
  /** A flag of its own, as commander writes it; every option of the method can be given with `--set` too. */
  readonly flag?: string;
  readonly native?: NativeName;
}

export interface Group<M extends Table = Table> {
  /** Of its interface: `AdamOptions`. */
  readonly interface: string;
  readonly help: string;
  readonly members: M;
  /** What holds between members. @throws {InvSegError} `INVALID_OPTION` */
  readonly check?: (values: Readonly<Record<string, unknown>>, name: string) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: rows of all value types stand in one table
export type Table = { readonly [name: string]: Row<any> | Group };

export const isGroup = (entry: Row<unknown> | Group): entry is Group => 'members' in entry;

/** The type of complete values; what `generated.ts` spells out. */
export type ValuesOf<T extends Table> = {
  -readonly [K in keyof T]: T[K] extends Group<infer M> ? ValuesOf<M> : T[K] extends Row<infer V> ? V : never;
};

export interface Leaf {
  /** `['views', 'crop', 'min']` */
  readonly path: readonly string[];
  /** As `--set` takes it: `views.crop.min`. */
  readonly key: string;
  readonly row: Row<unknown>;
}

/** Every option of a table, in its order. */
export function leaves(table: Table, path: readonly string[] = []): Leaf[] {
  return Object.entries(table).flatMap(([name, entry]) => {
    const own = [...path, name];
    return isGroup(entry) ? leaves(entry.members, own) : [{ path: own, key: own.join('.'), row: entry }];
  });
}

/** The value at a path of complete options. */
export const valueAt = (options: object, path: readonly string[]): unknown =>
  path.reduce<unknown>((group, name) => (group as Readonly<Record<string, unknown>>)[name], options);

/** Complete values, all defaults. */
export function defaultsOf<T extends Table>(table: T): ValuesOf<T> {
  const entries = Object.entries(table).map(([name, entry]) => [
    name,
    isGroup(entry) ? defaultsOf(entry.members) : entry.default,
  ]);
  return Object.fromEntries(entries) as ValuesOf<T>;
}
