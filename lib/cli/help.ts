/** The method's options as `--set` takes them, made from the same table that checks them. */
import {
  cropDefinitions,
  defaults,
  diffsegDefinitions,
  entropyDefinitions,
  isegDefinitions,
  methodDefaults,
  methodDefinitions,
  refineDefinitions,
} from '../options/index.js';

interface Row {
  key: string;
  value: string;
  help: string;
}

const nested: Readonly<Record<string, Readonly<Record<string, { help: string }>>>> = {
  crop: cropDefinitions,
  entropy: entropyDefinitions,
  refine: refineDefinitions,
  diffseg: diffsegDefinitions,
  iseg: isegDefinitions,
};

export function optionRows(): Row[] {
  return Object.entries(methodDefinitions).flatMap(([key, { help }]) => {
    const value = defaults[key as keyof typeof defaults];
    const inner = nested[key];
    if (!inner) return [{ key, value: shown(value), help }];
    return Object.entries(inner).map(([name, definition]) => ({
      key: `${key}.${name}`,
      value: shown((value as unknown as Record<string, unknown>)[name]),
      help: definition.help,
    }));
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map((item) => Number((item as number).toFixed(4))));
  if (typeof value === 'object') return 'all';
  return typeof value === 'string' ? (value.trim() === '' ? JSON.stringify(value) : value) : String(value);
}

export function optionsHelp(): string {
  const rows = optionRows();
  const width = Math.max(...rows.map(({ key, value }) => key.length + value.length + 1));
  const lines = rows.map(({ key, value, help }) => `  ${`${key}=${value}`.padEnd(width)}  ${help}`);
  const model = '  A model may bring others, which a --preset leaves out: the one in the package does, for diffsegmenter and diffseg.';
  return ['', 'Options of --set, with their defaults:', ...lines, '', 'Other defaults of a method:', ...methodLines(), model].join('\n');
}

/** One line for each method that has defaults of its own. */
function methodLines(): string[] {
  return Object.entries(methodDefaults).flatMap(([method, own]) => {
    const settings = Object.entries(own).map(([key, value]) => `${key}=${short(typeof value === 'string' ? value : JSON.stringify(value))}`);
    return settings.length > 0 ? [`  ${method}: ${settings.join(', ')}`] : [];
  });
}

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
