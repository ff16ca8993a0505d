import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from '../../lib/system/index.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'invseg-outputs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const makers = { makeFolder, makeFolderSync: async (folder: string): Promise<void> => makeFolderSync(folder) };

describe.each(Object.entries(makers))('%s', (_, make) => {
  it('makes a folder and those above it, and takes one that is there', async () => {
    const folder = path.join(root, 'a', 'b', 'c');
    await make(folder);
    await make(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
    symlinkSync(folder, path.join(root, 'link'));
    await make(path.join(root, 'link', 'd'));
    expect(statSync(path.join(folder, 'd')).isDirectory()).toBe(true);
  });

  it('is an error where a file stands in the way', async () => {
    writeFileSync(path.join(root, 'file'), '');
    await expect(make(path.join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(path.join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('ends where nothing can be made', async () => {
    await expect(make('/proc/invseg')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(make('/proc/invseg/below')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
