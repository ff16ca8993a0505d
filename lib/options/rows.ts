/** Every option as one line of a table: what `--help` and docs/options.md list. */
import type { Table } from './row.js';
import { leaves } from './row.js';
import { engineTable, methodTable, outputTable } from './table.js';

export interface OptionRow {
  /** As `--set` takes it: `views.crop.min`. */
  key: string;
  default: unknown;
  /** One sentence on what it does, and what is accepted. */
  help: string;
  expects: string;
  /** More about it; empty where nothing is left to say. */
  details: string;
  /** The flag of its own, where it has one. */
  flag: string | undefined;
}

const rowsOf = (table: Table): OptionRow[] =>
  leaves(table).map(({ key, row: { default: value, help, details = '', rule, flag } }) => ({
    key,
    default: value,
    help,
    expects: rule.expects,
    details,
    flag,
  }));

/** Of the method, in the order of the table. */
export const methodRows = (): OptionRow[] => rowsOf(methodTable);

/** Of what comes with a result. */
export const outputRows = (): OptionRow[] => rowsOf(outputTable);

/** Of `Segmenter.open`. */
export const engineRows = (): OptionRow[] => rowsOf(engineTable);

/** Options of the method whose text is taken as it is, not as JSON: `--set prompt.template={}`. */
export const textKeys = (): string[] =>
  leaves(methodTable).flatMap(({ key, row }) => (row.rule.type === 'string' ? [key] : []));
