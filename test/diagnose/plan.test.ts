import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { drawSample } from '../../lib/diagnose/diagnose.js';
import { makePlans, tasksOf } from '../../lib/diagnose/plan.js';
import { chooseVariants, defaultVariants, resolutionVariants } from '../../lib/diagnose/variants.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-variants-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('variants', () => {
  it('have names of their own and options that a call takes', () => {
    const all = [...defaultVariants, ...resolutionVariants([64, 32, 16, 8])];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(() => makePlans(all, { seed: 3 })).not.toThrow();
  });

  it("stand on the model's settings of the method", () => {
    const variants = [
      { name: 'default', overrides: {} },
      { name: 'slow', overrides: { adam: { learningRate: 1e-4 } } },
    ];
    const rates = makePlans(variants, {}, { invseg: { adam: { learningRate: 0.003 } } }).map(
      ({ options }) => options.adam.learningRate,
    );
    expect(rates).toEqual([0.003, 1e-4]);
  });

  it('are chosen by name, the default first', async () => {
    expect((await chooseVariants('lr 0.003, training 16', [32, 16])).map(({ name }) => name)).toEqual([
      'default',
      'lr 0.003',
      'training 16',
    ]);
    const all = await chooseVariants('all', [32, 16]);
    expect(all).toHaveLength(defaultVariants.length + 3);
  });

  it('come from a file', async () => {
    const file = path.join(folder, 'mine.json');
    writeFileSync(file, JSON.stringify([{ name: 'slow', overrides: { adam: { learningRate: 1e-4 } } }]));
    expect((await chooseVariants(file, [16])).map(({ name }) => name)).toEqual(['default', 'slow']);
  });

  it.each([
    ['no JSON', '{', /cannot be read/],
    ['no list', '{}', /no list/],
    ['an empty list', '[]', /no list/],
    ['an entry without options', '[{"name":"a"}]', /entry 0/],
    ['an unknown option', '[{"name":"a","overrides":{"adam":{"learningrate":1}}}]', /learningRate/],
    ['a name twice', '[{"name":"a","overrides":{}},{"name":"a","overrides":{}}]', /twice/],
  ])('are refused: %s', async (_, text, message) => {
    const file = path.join(folder, 'bad.json');
    writeFileSync(file, text);
    await expect(chooseVariants(file, [16])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });

  it('are refused by an unknown name, and the known ones are listed', async () => {
    await expect(chooseVariants('lr 9', [16])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('lr 0.003'),
    });
  });
});

describe('plans', () => {
  const plans = makePlans(
    [
      { name: 'default', overrides: {} },
      { name: 'slow', overrides: { adam: { learningRate: 1e-3 } } },
      { name: 'sharp', overrides: { loss: { anchorScale: 16 } } },
      { name: 'twice', overrides: { attention: { refineIterations: 2 } } },
    ],
    { seed: 1 },
  );

  it('share a probe where the loss is the same, and a baseline where the prediction is', () => {
    expect(plans.map(({ loss }) => loss)).toEqual(['default', 'default', 'sharp', 'twice']);
    expect(plans.map(({ baseline }) => baseline)).toEqual(['default', 'default', 'default', 'twice']);
  });

  it('look at the losses first', () => {
    const tasks = tasksOf(plans, true).map(({ part, key }) => `${part} ${key}`);
    expect(tasks).toEqual([
      'probe default',
      'probe sharp',
      'probe twice',
      'baseline default',
      'baseline twice',
      'run default',
      'run slow',
      'run sharp',
      'run twice',
    ]); // prettier-ignore
    expect(tasksOf(plans, false).every(({ part }) => part === 'probe')).toBe(true);
  });
});

describe('drawSample', () => {
  const ids = Array.from({ length: 50 }, (_, i) => `p${i}`);

  it('draws different ids by the seed, in their order, a larger sample holding the smaller', () => {
    const ten = drawSample(ids, 10, 4);
    expect(new Set(ten).size).toBe(10);
    expect(ten).toEqual(drawSample(ids, 10, 4));
    expect(ten).not.toEqual(drawSample(ids, 10, 5));
    expect(ten).toEqual(ids.filter((id) => ten.includes(id)));
    expect(drawSample(ids, 20, 4)).toEqual(expect.arrayContaining(ten));
  });

  it('takes all where fewer are there', () => {
    expect(drawSample(ids, 500, 1)).toEqual(ids);
  });
});
