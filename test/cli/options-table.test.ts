import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../lib/cli/flags/options.js';
import { optionTables, withTables } from '../../lib/cli/options-table.js';
import { defaults, engineDefaults, methodRows, resolveOptions } from '../../lib/options/index.js';

const document = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');

describe('the tables in docs/options.md', () => {
  it('are those of the definitions (else: npm run generate)', () => {
    expect(withTables(document)).toBe(document);
  });

  it('are all there', () => {
    for (const name of Object.keys(optionTables())) expect(document).toContain(`<!-- ${name} -->\n`);
  });

  it('have every option, members of a group apart', () => {
    const { options, 'engine options': engine } = optionTables();
    for (const key of Object.keys(defaults)) expect(options).toMatch(new RegExp(`\\| \`${key}(\\.\\w+)*\` \\|`));
    for (const key of ['preset', 'views.crop.min', 'attention.layers.trainingCross', 'inference.rescale'])
      expect(options).toContain(`| \`${key}\` |`);
    for (const key of Object.keys(engineDefaults)) expect(engine).toContain(`| \`${key}\` |`);
    // Four cells a row, whatever is in them.
    for (const line of options.split('\n')) expect(line.split(/(?<!\\)\|/)).toHaveLength(6);
  });

  it('name options that a call takes, with the defaults that it has', () => {
    const resolved = resolveOptions() as unknown as Record<string, unknown>;
    for (const { key, default: value } of methodRows()) {
      const found = key.split('.').reduce<unknown>((group, name) => (group as Record<string, unknown>)[name], resolved);
      expect(found, key).toEqual(value);
      expect(() => resolveOptions(parseSettings([`${key}=${JSON.stringify(value)}`]) as never), key).not.toThrow(
        /Unknown option/,
      );
    }
  });

  it('need their place', () => {
    expect(() => withTables('no place')).toThrow(/no place for a table/);
  });
});
