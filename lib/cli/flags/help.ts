/** The method's options as `--set` takes them, made from the same table that checks them. */
import { methodDefaults, methodRows } from '../../options/index.js';

function shown(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map((item) => Number((item as number).toFixed(4))));
  return typeof value === 'string' ? (value.trim() === '' ? JSON.stringify(value) : value) : String(value);
}

export function optionsHelp(): string {
  const rows = methodRows().map(({ key, default: value, help }) => ({ setting: `${key}=${shown(value)}`, help }));
  const width = Math.max(...rows.map(({ setting }) => setting.length));
  const lines = rows.map(({ setting, help }) => `  ${setting.padEnd(width)}  ${help}`);
  const model =
    '  A model may bring others, which a --preset leaves out: the one in the package does, for diffsegmenter and diffseg.';
  return [
    '',
    'Options of --set, with their defaults:',
    ...lines,
    '',
    'Other defaults of a method:',
    ...methodLines(),
    model,
  ].join('\n');
}

/** One line for each method that has defaults of its own. */
function methodLines(): string[] {
  return Object.entries(methodDefaults).flatMap(([method, own]) => {
    const settings = Object.entries(own).map(
      ([key, value]) => `${key}=${short(typeof value === 'string' ? value : JSON.stringify(value))}`,
    );
    return settings.length > 0 ? [`  ${method}: ${settings.join(', ')}`] : [];
  });
}

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
