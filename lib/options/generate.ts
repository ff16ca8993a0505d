/** The text of `generated.ts`: the interfaces of the tables, with their documentation. `scripts/generate.mjs` writes it. */
import type { Group, Row, Table } from './row.js';
import { isGroup, leaves } from './row.js';
import { engineTable, methodTable, outputTable } from './table.js';

const interfaces = { MethodOptions: methodTable, OutputOptions: outputTable, EngineOptions: engineTable } as const;

const about = {
  MethodOptions: 'All options that decide the mask, complete. A result and a report carry this object.',
  OutputOptions: 'What a result brings beside the mask, complete.',
  EngineOptions: 'Options of `Segmenter.open`, complete.',
} as const;

/** @returns TypeScript, formatted but for the length of its lines */
export function generatedTypes(): string {
  const groups = Object.values(interfaces).flatMap(groupsOf);
  const texts = [
    ...groups.map((group) => interfaceText(group.interface, sentence(group.help), group.members)),
    `/** What a caller may give in part. */\nexport type OptionGroup =\n${groups.map((group) => `  | ${group.interface}`).join('\n')};\n`,
    ...Object.entries(interfaces).map(([name, table]) => interfaceText(name, about[name as keyof typeof about], table)),
  ];
  const used = Object.values(interfaces).flatMap((table) => leaves(table).map(({ row }) => row.rule.type ?? ''));
  const named = (name: string): boolean => used.some((type) => new RegExp(`\\b${name}\\b`).test(type));
  const values = ['LayerChoice', 'ResolutionWeights'].filter(named);
  return [
    '/** Made from table.ts by `npm run generate`; a test compares the two. Change the table instead. */\n',
    ...(named('MethodName') ? ["import type { MethodName } from './method-names.js';\n"] : []),
    ...(values.length > 0 ? [`import type { ${values.join(', ')} } from './values.js';\n`] : []),
    ...texts.map((text) => `\n${text}`),
  ].join('');
}

/** Inner groups first. */
function groupsOf(table: Table): Group[] {
  return Object.values(table).flatMap((entry) => (isGroup(entry) ? [...groupsOf(entry.members), entry] : []));
}

function interfaceText(name: string, help: string, table: Table): string {
  const members = Object.entries(table).map(([key, entry]) =>
    isGroup(entry)
      ? `  /** ${sentence(entry.help)} */\n  ${key}: ${entry.interface};\n`
      : `${documentation(entry)}  ${key}: ${typeText(key, entry)};\n`,
  );
  return `/** ${help} */\nexport interface ${name} {\n${members.join('')}}\n`;
}

function documentation({ help, details, rule, default: value }: Row<unknown>): string {
  const lines = [
    sentence(help),
    ...(details === undefined ? [] : [details]),
    `@default ${JSON.stringify(value) ?? 'undefined'}`,
  ];
  const range = /^(a number|an integer)\b/.test(rule.expects) ? [`Expects ${rule.expects}.`] : [];
  lines.splice(-1, 0, ...range);
  return `  /**\n${lines.map((line) => `   * ${line}\n`).join('')}   */\n`;
}

function typeText(key: string, { rule }: Row<unknown>): string {
  if (rule.type === undefined) throw new Error(`the rule of ${key} has no type`);
  return rule.type;
}

const sentence = (help: string): string => `${help[0]!.toUpperCase()}${help.slice(1)}.`;
