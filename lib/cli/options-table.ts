/** The README's tables of options, made from the definitions; `scripts/readme.mjs` writes them there. */

import type { OptionRow } from '../options/index.js';
import { engineRows, methodRows, presets } from '../options/index.js';

/** Name of each table in the README's comments, and its text. */
export function optionTables(): Record<'options' | 'engine options', string> {
  const preset: OptionRow = {
    key: 'preset',
    default: undefined,
    help: "named settings that stand below the others given; `paper` are the paper's, whatever the model's own",
    expects: Object.keys(presets)
      .map((name) => `"${name}"`)
      .join(', '),
  };
  return { options: table([preset, ...methodRows()]), 'engine options': table(engineRows()) };
}

function table(rows: readonly OptionRow[]): string {
  const lines = rows.map(
    (row) => `| \`${row.key}\` | ${shown(row.default)} | ${cell(row.expects)} | ${cell(row.help)} |`,
  );
  return ['| option | default | values | meaning |', '|---|---|---|---|', ...lines].join('\n');
}

/** As it is written in a program. */
function shown(value: unknown): string {
  if (value === undefined) return '';
  const text = Array.isArray(value)
    ? `[${value.map((item) => Number((item as number).toFixed(4))).join(', ')}]`
    : JSON.stringify(value);
  return `\`${text}\``;
}

/** Words in quotes become code; a | would end the cell. */
const cell = (text: string): string => text.replace(/"([^"\s]+)"(?!:)/g, '`$1`').replaceAll('|', '\\|');

/**
 * Text with the tables between `<!-- name -->` and `<!-- /name -->` made anew.
 * @throws {Error} where a place is missing
 */
export function withTables(text: string): string {
  return Object.entries(optionTables()).reduce((whole, [name, made]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
    const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`no place for the table: ${begin.trim()} … ${end.trim()}`);
    return whole.slice(0, from + begin.length) + made + whole.slice(to);
  }, text);
}
