/** A kind of data set whose name, reader and layout are registered, and that stands nowhere else, is found everywhere. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { datasetOptions } from '../../lib/cli/flags/dataset.js';
import { checkDataset, openDataset } from '../../lib/datasets/index.js';
import type * as Kinds from '../../lib/datasets/kinds.js';
import type * as Layouts from '../../lib/datasets/layouts.js';
import type * as Types from '../../lib/datasets/types.js';
import { makeFolder } from '../diagnose/folder.js';
import { command } from '../support/command.js';

vi.mock('../../lib/datasets/types.js', async (original) => {
  const real = await original<typeof Types>();
  return { ...real, datasetKinds: [...real.datasetKinds, 'drawings'] };
});

vi.mock('../../lib/datasets/kinds.js', async (original) => {
  const { kinds } = await original<typeof Kinds>();
  const drawings: typeof kinds.folder = async (root, options) => ({
    ...(await kinds.folder(root, options)),
    protocol: 'drawings of this test',
  });
  return { kinds: { ...kinds, drawings } };
});

vi.mock('../../lib/datasets/layouts.js', async (original) => {
  const real = await original<typeof Layouts>();
  return { ...real, layouts: { ...real.layouts, drawings: { ...real.layouts.folder, title: 'Drawings' } } };
});

const root = mkdtempSync(path.join(tmpdir(), 'invseg-kind-'));
const kind = 'drawings' as 'folder';
makeFolder(root, 2);
afterAll(() => rmSync(root, { recursive: true }));

const help = async (...words: string[]): Promise<string> => (await command([...words, '--help'])).out;

describe('a kind of data set that is registered', () => {
  it('is opened', async () => {
    const dataset = await openDataset({ kind, root });
    expect(dataset.kind).toBe('drawings');
    expect(dataset.protocol).toBe('drawings of this test');
    const { size, loadMask } = await dataset.item(dataset.ids[0]!);
    expect(await loadMask()).toMatchObject(size);
  });

  it('is checked by its layout', async () => {
    const { title, ok, protocol } = await checkDataset({ kind, root });
    expect({ title, ok, protocol }).toEqual({ title: 'Drawings', ok: true, protocol: 'drawings of this test' });
  });

  it('is a value of the command line, in its help and in its errors', async () => {
    expect(datasetOptions('drawings', { root })).toEqual({ kind: 'drawings', root });
    expect(await help('evaluate')).toMatch(/\bfolder,\s+voc,\s+context,\s+coco,\s+drawings\b/);
    expect(await help('dataset', 'check')).toMatch(/\bfolder,\s+voc,\s+context,\s+coco,\s+drawings\b/);
    expect(() => datasetOptions('paintings', { root })).toThrow(/drawings/);
    await expect(openDataset({ kind: 'paintings' as 'folder', root })).rejects.toThrow(/drawings/);
  });
});
