/** An option that is added to the table, and nowhere else, is found everywhere. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { number } from '../../lib/checks/index.js';
import { methodFlags } from '../../lib/cli/flags/options.js';
import { optionTables, withTables } from '../../lib/cli/options-table.js';
import {
  defaults,
  generatedTypes,
  methodRows,
  nativeOptions,
  optionAt,
  optionsOf,
  resolveOptions,
} from '../../lib/options/index.js';
import type * as Tables from '../../lib/options/table.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeEngine, fakeParts, picture } from '../segmenter/fake.js';
import { command } from '../support/command.js';

vi.mock('../../lib/options/table.js', async (original) => {
  const real = await original<typeof Tables>();
  const { adam } = real.methodTable;
  const decay = {
    rule: number({ min: 0, max: 1 }),
    default: 0.25,
    scopes: ['loop'] as const,
    help: 'pulls the prompt back to where it began',
    details: 'A made-up option.',
    native: { inversion: 'weightDecay' },
  };
  const methodTable = { ...real.methodTable, adam: { ...adam, members: { ...adam.members, weightDecay: decay } } };
  return { ...real, methodTable };
});

const key = 'adam.weightDecay';

describe('an option that stands in the table alone', () => {
  it('has its default, its check and its place in what is resolved', () => {
    expect(optionAt(defaults, key)).toBe(0.25);
    expect(optionAt(resolveOptions({ adam: { weightDecay: 0.5 } as object }), key)).toBe(0.5);
    expect(() => resolveOptions({ adam: { weightDecay: 2 } as object })).toThrow(
      'Expected a number from 0 to 1 for adam.weightDecay but received 2',
    );
  });

  it('is an option of the command line, in --set and in its help', async () => {
    expect(optionAt(resolveOptions(methodFlags({ set: [`${key}=0.75`] })), key)).toBe(0.75);
    const { out } = await command(['segment', '--help-all']);
    expect(out).toMatch(/\n {2}adam\.weightDecay=0\.25 +pulls the prompt back to where it began\n/);
  });

  it('is in the documents and in the types', () => {
    expect(optionTables().options).toContain(
      '| `adam.weightDecay` | `0.25` | a number from 0 to 1 | pulls the prompt back to where it began. A made-up option. |',
    );
    const written = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');
    expect(withTables(written)).toContain('`adam.weightDecay`');
    expect(written).not.toContain('weightDecay');
    expect(generatedTypes()).toMatch(
      /interface AdamOptions \{[^}]*\n {3}\* A made-up option\.[^}]*weightDecay: number;/,
    );
  });

  it('reaches the engine, under the name that its reader has', async () => {
    const engine = new FakeEngine();
    const segmenter = Segmenter.of(fakeParts(engine));
    await segmenter.segment(picture(), { categories: ['cat'], steps: 1, adam: { weightDecay: 0.5 } as object });
    expect(engine.inversions[0]).toMatchObject({ weightDecay: 0.5, learningRate: 0.01 });
    expect(nativeOptions('inversion', defaults)).toMatchObject({ weightDecay: 0.25 });
  });

  it('is known to whoever reuses results under other options', () => {
    expect(optionsOf('loop', defaults)).toHaveProperty([key], 0.25);
    expect(optionsOf('prediction', defaults)).not.toHaveProperty([key]);
    expect(methodRows().map((row) => row.key)).toContain(key);
  });
});

it('the written types are those of the table (else: npm run generate)', async () => {
  vi.doUnmock('../../lib/options/table.js');
  vi.resetModules();
  const { generatedTypes: real } = await import('../../lib/options/index.js');
  const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/: \| /g, ': ').replace(/= \| /g, '= ');
  const written = readFileSync(new URL('../../lib/options/generated.ts', import.meta.url), 'utf8');
  expect(plain(written)).toBe(plain(real()));
});
