import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTEXT_IDS, contextIds, contextTable } from '../../lib/datasets/context-ids.js';
import type { DatasetOptions } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import type { Expected } from '../../scripts/datasets/fixtures.mjs';
import { writeContext } from '../../scripts/datasets/fixtures.mjs';
import { matlabFile } from '../../scripts/datasets/fixtures-matlab.mjs';
import { expectItems, withoutBackground } from './expect.js';

let top: string;
beforeAll(() => (top = realpathSync(mkdtempSync(path.join(tmpdir(), 'invseg-context-')))));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const at = (...parts: string[]): string => path.join(top, ...parts);
const open = (name: string, options: Partial<DatasetOptions> = {}) =>
  openDataset({ kind: 'context', root: at(name), indexOrder: 'alphabetical', ...options });

describe('two orders', () => {
  it('are two ways to sort the same 60 ids', () => {
    for (const ids of Object.values(contextIds)) {
      expect(ids).toHaveLength(60);
      expect(new Set(ids).size).toBe(60);
      expect(ids[0]).toBe(0);
    }
    expect([...contextIds['voc-first']].sort((a, b) => a - b)).toEqual(contextIds.alphabetical);
  });
  it('every other id of the raw release is background', () => {
    const table = contextTable('voc-first');
    expect(table).toHaveLength(CONTEXT_IDS);
    expect(table.filter((index) => index > 0)).toHaveLength(59);
    expect([table[2], table[458], table[459], table[1]]).toEqual([1, 59, 0, 0]);
  });
  it('an id has the same name in both', async () => {
    await writeContext(at('names'), { count: 1 });
    const named = async (order: 'alphabetical' | 'voc-first') => {
      const { classes } = await open('names', { indexOrder: order });
      return new Map(contextIds[order].map((id, index) => [id, classes[index]]));
    };
    const [a, b] = [await named('alphabetical'), await named('voc-first')];
    expect(a.size).toBe(60);
    for (const [id, names] of a) expect(b.get(id)).toEqual(names);
    expect(a.get(397)!.name).toBe('table');
    expect(a.get(360)!.name).toBe('sky');
  });
  it('must be told', async () => {
    await writeContext(at('untold'), { count: 1 });
    await expect(openDataset({ kind: 'context', root: at('untold') })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/Expected indexOrder .*alphabetical or voc-first/),
    });
  });
});

describe.each(['alphabetical', 'voc-first'] as const)('%s', (order) => {
  let png: Expected[];
  let mat: Expected[];
  beforeAll(async () => {
    png = await writeContext(at(`png-${order}`), { order });
    mat = await writeContext(at(`mat-${order}`), { order, format: 'mat' });
  });
  it('PNG', async () => {
    const dataset = await open(`png-${order}`, { indexOrder: order });
    await expectItems(dataset, png);
    expect(dataset.classes).toHaveLength(60);
    expect(dataset.protocol).toBe(
      `PASCAL Context: SegmentationClassContext/*.png, order ${order}, 59 classes and background, 255 ignored, a list of 12`,
    );
  });
  it('.mat, plain and compressed, of both byte orders', async () => {
    const dataset = await open(`mat-${order}`, { indexOrder: order });
    await expectItems(dataset, mat);
    expect(dataset.protocol).toBe(
      `PASCAL Context: trainval/*.mat, order ${order}, 59 classes and background, a list of 12`,
    );
  });
  it('Context59: the background is ignored', async () => {
    for (const [name, expected] of [
      ['png', png],
      ['mat', mat],
    ] as const) {
      const dataset = await open(`${name}-${order}`, { indexOrder: order, background: 'ignore' });
      expect(dataset).toMatchObject({ hasBackground: false, protocol: expect.stringContaining('Context59') });
      expect(dataset.classes.map(({ name }) => name)).not.toContain('background');
      expect(dataset.classes).toHaveLength(59);
      await expectItems(dataset, expected, withoutBackground);
    }
  });
});

it('names the lists of 5105 and 5104 pictures', async () => {
  await writeContext(at('long'), { count: 1 });
  for (const [count, words] of [
    [5105, 'the original list of 5105'],
    [5104, "the conversion's list of 5104"],
  ] as const) {
    const ids = Array.from({ length: count }, (_, i) => `2008_${String(i).padStart(6, '0')}`);
    writeFileSync(at('long', 'VOCdevkit', 'VOC2010', 'ImageSets', 'SegmentationContext', 'val.txt'), ids.join('\n'));
    const dataset = await open('long');
    expect(dataset.ids).toHaveLength(count);
    expect(dataset.protocol).toContain(words);
  }
});

describe('refuses', () => {
  let file: string;
  let id: string;
  beforeAll(async () => {
    [{ id }] = (await writeContext(at('bad'), { format: 'mat', count: 1 })) as [Expected];
    file = at('bad', 'VOCdevkit', 'VOC2010', 'trainval', `${id}.mat`);
  });
  const refused = async (content: Buffer, message: RegExp) => {
    writeFileSync(file, content);
    const item = await (await open('bad')).item(id);
    const error: unknown = await item.loadMask().catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'MASK_INVALID', message: expect.stringMatching(message) });
    expect((error as Error).message).toContain(file);
  };
  it('a map of another size', () => refused(matlabFile('LabelMap', [1, 2], 1, 2), /the mask is 2×1, its image 128×92/));
  it('an id above 459', () =>
    refused(
      matlabFile('LabelMap', new Uint16Array(128 * 92).fill(460), 92, 128),
      /pixel \(0, 0\) has the id 460; the raw release has 0 to 459/,
    ));
  it('an id that is no integer', () =>
    refused(
      matlabFile('LabelMap', new Float64Array(128 * 92).fill(0.5), 92, 128, { stored: 'double' }),
      /has the id 0\.5/,
    ));
  it('a truncated file', () => {
    const whole = matlabFile('LabelMap', new Uint16Array(128 * 92), 92, 128);
    return refused(readFileSync(file).subarray(0, whole.length - 20), /truncated or damaged|no variable/);
  });
  it('no masks', async () => {
    rmSync(path.dirname(file), { recursive: true });
    await expect(open('bad')).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringMatching(/VOC2010: there is no folder SegmentationClassContext nor trainval/),
    });
  });
});
