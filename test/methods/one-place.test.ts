/** A method whose name, defaults and code are registered, and that stands nowhere else, is found everywhere. */
import { describe, expect, it, vi } from 'vitest';
import { methodFlags } from '../../lib/cli/flags/options.js';
import { explain } from '../../lib/explain/index.js';
import type * as Methods from '../../lib/methods/index.js';
import { methodRows, resolveOptions } from '../../lib/options/index.js';
import type * as Defaults from '../../lib/options/method-defaults.js';
import type * as Names from '../../lib/options/method-names.js';
import { gridTable } from '../../lib/reproduce/index.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeEngine, fakeParts, picture } from '../segmenter/fake.js';
import { command } from '../support/command.js';

vi.mock('../../lib/options/method-names.js', async (original) => {
  const real = await original<typeof Names>();
  return { ...real, methodNames: [...real.methodNames, 'mirrored'] };
});

vi.mock('../../lib/options/method-defaults.js', async (original) => {
  const real = await original<typeof Defaults>();
  return { ...real, methodDefaults: { ...real.methodDefaults, mirrored: { inference: { timestep: 7 } } } };
});

vi.mock('../../lib/methods/index.js', async (original) => {
  const real = await original<typeof Methods>();
  const mirrored = { ...real.methods.baseline, name: 'mirrored', summary: 'the baseline of this test' };
  return { ...real, methods: { ...real.methods, mirrored } };
});

const method = 'mirrored' as 'baseline';

describe('a method that is registered', () => {
  it('has its defaults, and is among the values of the option', () => {
    expect(resolveOptions({ method })).toMatchObject({ method: 'mirrored', inference: { timestep: 7 } });
    expect(() => resolveOptions({ method: 'twisted' as 'baseline' })).toThrow(/mirrored/);
    expect(methodRows().find(({ key }) => key === 'method')?.expects).toContain('mirrored');
  });

  it('segments', async () => {
    const engine = new FakeEngine();
    const { options } = await Segmenter.of(fakeParts(engine)).segment(picture(), { categories: ['cat'], method });
    expect(options.method).toBe('mirrored');
    expect(engine.predictions[0]).toMatchObject({ timestep: 7 });
  });

  it('is a value of the command line and in its help', async () => {
    expect(resolveOptions(methodFlags({ method: 'mirrored', set: [] })).method).toBe('mirrored');
    const all = await command(['segment', '--help-all']);
    expect(all.out.replace(/\s+/g, ' ')).toContain('mirrored the baseline of this test');
    expect((await command(['explain', '--help'])).out).toContain('mirrored');
  });

  it('is among what is explained and what tables compare', async () => {
    const segmenter = Segmenter.of(fakeParts(new FakeEngine()));
    await expect(
      explain(segmenter, picture(), { categories: ['cat'], methods: ['twisted' as 'baseline'] }),
    ).rejects.toThrow(/mirrored/);
    expect(gridTable([method], ['captions']).rows).toEqual([
      { cells: ['mirrored', 'captions'], run: { method: 'mirrored', names: 'captions' } },
    ]);
  });
});
