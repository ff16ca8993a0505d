/** Tables of options for docs/options.md, made from the tables that check; `npm run generate` writes them there. */
import type { OptionRow } from '../options/index.js';
import { engineRows, methodRows, outputRows, presets } from '../options/index.js';

const preset: OptionRow = {
  key: 'preset',
  default: undefined,
  help: "named settings; options given beside it win. `paper` uses the paper's settings, whatever the model brings",
  expects: Object.keys(presets)
    .map((name) => `"${name}"`)
    .join(', '),
  details: '',
  flag: '--preset <name>',
};

/** Name of each table in the comments that mark its place, and its text. */
export function optionTables(): Record<'options' | 'result options' | 'engine options', string> {
  return {
    options: table([preset, ...methodRows()]),
    'result options': table(outputRows()),
    'engine options': table(engineRows()),
  };
}

function table(rows: readonly OptionRow[]): string {
  const lines = rows.map(({ key, default: value, expects, help, details }) => {
    const meaning = details === '' ? cell(help) : `${cell(help)}. ${cell(details)}`;
    return `| \`${key}\` | ${shown(value)} | ${cell(expects)} | ${meaning} |`;
  });
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
 * @throws {Error} where none of the places is there
 */
export function withTables(text: string): string {
  let places = 0;
  const made = Object.entries(optionTables()).reduce((whole, [name, own]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
    const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
    if (from < 0 || to < from) return whole;
    places++;
    return whole.slice(0, from + begin.length) + own + whole.slice(to);
  }, text);
  if (places === 0) throw new Error('no place for a table of options');
  return made;
}
