/** Every method with every source of names, as a table like the paper's. */

import { oneOf, refuse } from '../checks/index.js';
import type { MethodName } from '../options/index.js';
import { methodNames } from '../options/index.js';
import type { RowNames, Table, TableRow } from './types.js';

/** Sources that can be asked for by name. */
export const gridSources = [
  'ground-truth',
  'captions',
  'precomputed',
  'diffsegmenter',
] as const satisfies readonly RowNames[];
export type GridSource = (typeof gridSources)[number];

/**
 * Every method with every source of names, as a table like the paper's.
 *
 * @param methods one or more of `methodNames`
 * @param sources one or more of `ground-truth`, `captions`, `precomputed`, `diffsegmenter`
 * @returns a table that `reproduce` takes
 * @throws {InvSegError} `INVALID_OPTION` for another name
 * @example
 * ```ts
 * import { gridTable } from 'invseg-native/evaluation';
 *
 * const { rows } = gridTable(['invseg', 'baseline'], ['ground-truth', 'captions']);
 * console.log(rows.length); // 4
 * ```
 */
export function gridTable(methods: readonly MethodName[], sources: readonly GridSource[]): Table {
  checkNames(methods, 'methods', methodNames);
  checkNames(sources, 'sources', gridSources);
  const rows = methods.flatMap((method) =>
    sources.map((names): TableRow => ({ cells: [method, names], run: { method, names } })),
  );
  const diffseg =
    'diffseg finds segments without names; here each takes the name that most of its pixels have in the cross-attention. Without names it cannot be scored by class.';
  return {
    name: 'grid',
    title: 'Methods and sources of names',
    columns: ['Method', 'Names'],
    rows,
    notes: [
      "Each method has the model's settings for it, where there are some, else its own; invseg and baseline those of the paper.",
      ...(methods.includes('diffseg') ? [diffseg] : []),
    ],
  };
}

function checkNames(names: unknown, name: string, known: readonly string[]): void {
  if (!Array.isArray(names)) refuse(name, `a list of ${known.join(', ')}`, names);
  const rule = oneOf(...known);
  for (const [i, one] of names.entries()) rule.read(one, `${name}[${i}]`);
}
