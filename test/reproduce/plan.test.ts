import { describe, expect, it } from 'vitest';
import type { NamesOffer, NamesOffers, Plan, PlanInput } from '../../lib/reproduce/index.js';
import { gridTable, makePlan, tables } from '../../lib/reproduce/index.js';
import { mapSides, paperOptions } from '../../lib/reproduce/resolutions.js';

const SD = { resolutions: [64, 32, 16, 8], training: { 16: 1 } };
const SMALL = { resolutions: [32, 16, 8, 4], training: { 16: 1 } };

const offer = (label: string): NamesOffer => ({
  label,
  identity: label,
  open: () => Promise.reject(new Error('a plan opens nothing')),
});
const names: NamesOffers = {
  standard: offer('diffsegmenter'),
  strategy: offer('diffsegmenter'),
  'ground-truth': offer('ground-truth'),
  'captions-blip': { missing: 'needs --captions-blip' },
};

const table = (name: string) => tables.find((one) => one.name === name)!;
const plan = (which: string[], more: Partial<PlanInput> = {}): Plan =>
  makePlan({ tables: which.map(table), model: SD, names, ...more });
const rowsOf = (made: Plan, name: string) => made.tables.find((one) => one.table.name === name)!.rows;

describe('the tables', () => {
  it('are the seven of the paper, with a figure for every data set that has one', () => {
    expect(tables.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['table1', 17],
      ['table2', 5],
      ['table3', 4],
      ['table4', 5],
      ['table5', 9],
      ['table6', 4],
      ['table7', 6],
    ]); // prettier-ignore
    for (const { rows, columns } of tables) for (const { cells } of rows) expect(cells).toHaveLength(columns.length);
    const printed = tables.flatMap(({ rows }) => rows.flatMap(({ paper = {} }) => Object.values(paper)));
    // 16 + 15 + 11 of Table 1; 33 rows of VOC but one, 33 of COCO.
    expect(printed).toHaveLength(16 + 15 + 11 + 32 + 33);
    expect(printed.every(({ mIoU, mAcc = mIoU }) => mIoU > 5 && mAcc >= mIoU && mAcc < 90)).toBe(true);
  });

  it("have the paper's main figures wherever its settings stand", () => {
    for (const name of ['table2', 'table3', 'table5', 'table6', 'table7']) {
      const own = rowsOf(plan([name]), name).filter(({ standard }) => standard);
      expect(
        own.map(({ row }) => row.paper),
        name,
      ).toEqual([{ voc: { mIoU: 63.4, mAcc: 79.2 }, coco: { mIoU: 36, mAcc: 58.8 } }]);
    }
  });
});

describe('a plan', () => {
  it('runs equal rows of all tables once', () => {
    const all = plan(tables.map(({ name }) => name));
    // 3 of Table 1, then what differs from InvSeg's own row: 4, 3, 1 (ground truth), 8, 3, 5.
    expect(all.settings).toHaveLength(3 + 4 + 3 + 1 + 8 + 3 + 5);
    expect(new Set(all.settings.map(({ slug }) => slug)).size).toBe(all.settings.length);
    const standard = all.tables.flatMap(({ rows }) => rows.filter((row) => row.standard).map(({ setting }) => setting));
    expect(new Set(standard).size).toBe(1);
    expect(standard).toHaveLength(7);
  });

  it('gives each row its options', () => {
    expect(
      rowsOf(plan(['table2']), 'table2').map(({ setting }) => [
        setting!.options.loss.clusterWeight,
        setting!.options.loss.alpha,
      ]),
    ).toEqual([
      [1, 0],
      [1, 0.1],
      [1, 1],
      [1, 10],
      [0, 1],
    ]); // prettier-ignore
    expect(rowsOf(plan(['table3']), 'table3').map(({ setting }) => setting!.options.loss.anchorScale)).toEqual([
      2, 4, 8, 16,
    ]);
    expect(rowsOf(plan(['table6']), 'table6').map(({ setting }) => setting!.options.views.timesteps[1])).toEqual([
      100, 200, 300, 500,
    ]);
    expect(rowsOf(plan(['table7']), 'table7').map(({ setting }) => setting!.options.inference.timestep)).toEqual([
      25, 50, 75, 100, 200, 300,
    ]);
    expect(rowsOf(plan(['table5']), 'table5')[7]!.setting!.options.attention.training).toEqual({
      16: 1,
      32: 1,
      64: 1,
    });
    for (const { options } of plan(['table2']).settings)
      expect(options).toMatchObject({
        steps: 15,
        adam: { learningRate: 0.01 },
        attention: { inferenceCross: { 16: 1 }, inferenceSelf: 'proportional' },
      });
  });

  it('leaves other methods their own settings', () => {
    const [diffsegmenter, baseline, invseg] = plan(['table1']).settings;
    expect(diffsegmenter!.options).toMatchObject({
      method: 'diffsegmenter',
      inference: { timestep: 100 },
      attention: { crossScale: 'min-max' },
    });
    expect(baseline!.options).toMatchObject({
      method: 'baseline',
      inference: { timestep: 50 },
      attention: { inferenceCross: { 16: 1 } },
    });
    expect(invseg!.options.method).toBe('invseg');
  });

  it("takes the model's settings of a method for the grid, and its author's for the paper's table", () => {
    const model = { ...SMALL, methods: { diffsegmenter: { inference: { timestep: 50 }, prompt: { wordWeight: 1 } } } };
    const [authors] = plan(['table1'], { model }).settings;
    expect(authors!.options).toMatchObject({
      method: 'diffsegmenter',
      inference: { timestep: 100 },
      prompt: { wordWeight: 1.21 },
    });
    expect(authors!.slug).toMatch(/^diffsegmenter-diffsegmenter-[0-9a-f]{8}$/);
    const tables = [gridTable(['diffsegmenter', 'baseline'], ['ground-truth'])];
    const [own, baseline] = makePlan({ tables, model, names: { 'ground-truth': offer('ground-truth') } }).settings;
    expect(own!.options).toMatchObject({
      method: 'diffsegmenter',
      inference: { timestep: 50 },
      prompt: { wordWeight: 1 },
    });
    expect(own!.slug).toMatch(/^diffsegmenter-ground-truth-[0-9a-f]{8}$/);
    expect(baseline!.options.inference.timestep).toBe(50);
  });

  it('lays what a row varies over what the caller says', () => {
    const alphas = rowsOf(plan(['table2'], { options: { loss: { alpha: 5 }, steps: 3 } }), 'table2');
    expect(alphas.map(({ setting }) => [setting!.options.loss.alpha, setting!.options.steps])).toEqual([
      [0, 3],
      [0.1, 3],
      [1, 3],
      [10, 3],
      [5, 3],
    ]);
    expect(alphas.some(({ standard }) => standard)).toBe(false);
  });

  it('says why a row does not run', () => {
    const rows = rowsOf(plan(['table4']), 'table4');
    expect(rows.map(({ reason }) => reason)).toEqual([
      undefined,
      'needs --captions-blip',
      'there is no source of names captions-llava',
      'there is no source of names captions-coco',
      undefined,
    ]);
    expect(
      rowsOf(plan(['table1']), 'table1').filter(({ reason }) => reason === 'the model of another paper'),
    ).toHaveLength(13);
    const none = plan(['table2'], { names: { standard: { missing: 'needs --clip' } } });
    expect([none.settings, rowsOf(none, 'table2').map(({ reason }) => reason)]).toEqual([
      [],
      Array(5).fill('needs --clip'),
    ]);
  });

  it('takes some rows of one table', () => {
    const some = plan(['table7'], { rows: [2, 6] });
    expect(rowsOf(some, 'table7').map(({ number }) => number)).toEqual([2, 6]);
    expect(some.tables[0]!.reference?.number).toBe(2);
    expect(() => plan(['table7'], { rows: [7] })).toThrow(/numbers from 1 to 6 for the rows of table7 but received 7/);
    expect(() => plan(['table6', 'table7'], { rows: [1] })).toThrow(/one table for rows but received 2/);
  });

  it('keys a folder by options, names and nothing else', () => {
    const slug = (more: Partial<PlanInput>) => plan(['table3'], { rows: [2], ...more }).settings[0]!.slug;
    const own = slug({});
    expect(own).toMatch(/^invseg-diffsegmenter-[0-9a-f]{8}$/);
    expect(slug({ options: { loss: { anchorScale: 9 } } })).toBe(own); // the row's own wins
    expect(slug({ options: { loss: { alpha: 2 } } })).not.toBe(own);
    expect(slug({ names: { standard: { ...offer('diffsegmenter'), identity: 'another file' } } })).not.toBe(own);
    expect(plan(['table3'], { rows: [1] }).settings[0]!.slug).toMatch(/^invseg-loss.anchorScale-2-diffsegmenter-/);
  });

  it('makes a grid of methods and sources', () => {
    const grid = makePlan({
      tables: [gridTable(['baseline', 'diffseg'], ['ground-truth', 'captions'])],
      model: SD,
      names: { 'ground-truth': offer('ground-truth') },
    });
    expect(grid.settings.map(({ options, names: { label } }) => [options.method, label])).toEqual([
      ['baseline', 'ground-truth'],
      ['diffseg', 'ground-truth'],
    ]);
    expect(grid.tables[0]!.rows.map(({ reason }) => reason)).toEqual([
      undefined,
      'there is no source of names captions',
      undefined,
      'there is no source of names captions',
    ]);
    expect(grid.tables[0]!.notes.join(' ')).toContain('cannot be scored by class');
  });
});

describe('resolutions', () => {
  it('keep their names on a model that has them', () => {
    expect(mapSides([16, 32], SD)).toEqual({ training: { 16: 1, 32: 1 } });
    expect(mapSides([64], { ...SD, resolutions: [32, 16, 8] }).missing).toContain('no Res64, only 8, 16 and 32');
    expect(paperOptions(SD)).toEqual({ preset: 'paper' });
  });

  it('are taken by rank on another one', () => {
    expect(mapSides([8], SMALL)).toEqual({ training: { 4: 1 }, remark: 'reads 4' });
    expect(mapSides([16, 32, 64], SMALL)).toEqual({ training: { 8: 1, 16: 1, 32: 1 }, remark: 'reads 8, 16 and 32' });
    expect(mapSides([32, 64], { resolutions: [24, 12], training: { 12: 1 } }).missing).toContain(
      'no Res32 and Res64, only 12 and 24',
    );
    expect(paperOptions(SMALL)).toMatchObject({ attention: { training: { 16: 1 }, inferenceCross: 'bundle' } });
    const small = plan(['table5', 'table2'], { model: SMALL });
    expect(
      rowsOf(small, 'table5')
        .filter(({ standard }) => standard)
        .map(({ number }) => number),
    ).toEqual([3]);
    expect(small.tables.map(({ notes }) => notes.length)).toEqual([1, 1]);
    expect(small.tables[0]!.notes[0]).toContain('Res64 is 32');
  });
});
