/** Every option as one row, members of a group apart: what `--help` and the README list, from the tables that check. */
import { defaults, engineDefaults } from './defaults.js';
import { engineDefinitions, methodDefinitions } from './definitions.js';
import type { Definition } from './groups.js';

export interface OptionRow {
  /** As `--set` takes it: `crop.min`. */
  key: string;
  default: unknown;
  /** One line on what it does, and what is accepted. */
  help: string;
  expects: string;
}

type Table = Readonly<Record<string, Definition<unknown>>>;

function rowsOf(definitions: Table, values: Readonly<Record<string, unknown>>, prefix = ''): OptionRow[] {
  return Object.entries(definitions).flatMap(([name, { rule, help }]) => {
    const [key, value] = [`${prefix}${name}`, values[name]];
    if (rule.members) return rowsOf(rule.members as Table, value as Record<string, unknown>, `${key}.`);
    return [{ key, default: value, help, expects: rule.expects }];
  });
}

/** Of `segment`, in the order of the definitions. */
export const methodRows = (): OptionRow[] => rowsOf(methodDefinitions as Table, { ...defaults });

/** Of `Segmenter.open`. */
export const engineRows = (): OptionRow[] => rowsOf(engineDefinitions as Table, { ...engineDefaults });
