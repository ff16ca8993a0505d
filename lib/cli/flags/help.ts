/** The style of `--help`, and what `--help-all` adds: methods and options, made from the tables that check them. */
import type { Option } from 'commander';
import { methods } from '../../methods/index.js';
import { nameSourceKinds, nameSourceSummary } from '../../names/index.js';
import { methodDefaults, methodRows } from '../../options/index.js';

/** Lines as wide as the examples; choices and default stay short. */
export const helpStyle = {
  helpWidth: 100,
  optionDescription({ description, argChoices, defaultValue, defaultValueDescription, envVar }: Option): string {
    // A default that depends on other flags is in the description.
    const [, text = description, described] = /^(.*?)(?: \(default: (.*)\))?$/.exec(description) ?? [];
    const standard = described ?? defaultValueDescription ?? (typeof defaultValue === 'string' ? defaultValue : '');
    const notes = [
      ...(standard === '' ? [] : [`default: ${standard}`]),
      ...(envVar === undefined ? [] : [`env: ${envVar}`]),
    ];
    const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
    return `${text}${choices}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
  },
};

function shown(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map((item) => Number((item as number).toFixed(4))));
  return typeof value === 'string' ? (value.trim() === '' ? JSON.stringify(value) : value) : String(value);
}

export function optionsHelp(): string {
  const rows = methodRows().map(({ key, default: value, help }) => ({ setting: `${key}=${shown(value)}`, help }));
  const width = Math.max(...rows.map(({ setting }) => setting.length));
  const lines = rows.map(({ setting, help }) => `  ${setting.padEnd(width)}  ${help}`);
  return [
    '',
    'Methods:',
    ...Object.values(methods).map(({ name, summary }) => `  ${name.padEnd(13)}  ${summary}`),
    '',
    'Sources for --names:',
    ...nameSourceKinds.map((kind) => `  ${kind.padEnd(13)}  ${nameSourceSummary(kind)}`),
    '',
    'Options for --set, with their defaults:',
    ...lines,
    '',
    'Methods with other defaults:',
    ...methodLines(),
    '  A model may bring defaults of its own, as the bundled one does for diffsegmenter and diffseg; a --preset overrides them.',
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
