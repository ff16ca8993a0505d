import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFolder } from '../../lib/evaluation/run-folder.js';
import { prepareFolder, writeWhole } from '../../lib/system/outputs.js';
import { sweepTemporaries, temporaryIn, writeWholeFile } from '../../lib/system/whole-file.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'invseg-whole-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const module = new URL('../../dist/system/whole-file.js', import.meta.url).href;

/** A temporary file of a process that was killed while it had it. */
async function leave(): Promise<string> {
  const code = `const { temporaryIn } = await import('${module}');
    const file = temporaryIn(process.argv[1]); (await import('node:fs')).writeFileSync(file, 'half'); console.log(file); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [file] = (await once(child.stdout, 'data')) as [Buffer];
  // Alive, it keeps its file.
  await sweepTemporaries(folder);
  expect(readdirSync(folder)).toHaveLength(1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return file.toString().trim();
}

it('what a killed process was writing goes when the folder is used again', async () => {
  for (const use of [() => prepareFolder(folder), () => openFolder(folder, false)]) {
    await leave();
    writeFileSync(path.join(folder, 'mine.tmp'), 'not ours');
    await use();
    expect(readdirSync(folder)).toEqual(['mine.tmp']);
    rmSync(path.join(folder, 'mine.tmp'));
  }
});

it('what a process of another host was writing goes after an hour', async () => {
  const name = path.basename(temporaryIn(folder)).replace(/-[0-9a-f]{8}-/, '-00000000-');
  writeFileSync(path.join(folder, name), 'half');
  await sweepTemporaries(folder);
  expect(readdirSync(folder)).toEqual([name]);
  utimesSync(path.join(folder, name), 1, 1);
  await sweepTemporaries(folder);
  expect(readdirSync(folder)).toEqual([]);
  await sweepTemporaries(path.join(folder, 'missing'));
});

it('a file is whole, or not there, whatever the length of its name', async () => {
  const file = path.join(folder, `${'n'.repeat(250)}.json`);
  await writeWhole(file, 'whole');
  expect(readFileSync(file, 'utf8')).toBe('whole');
  await expect(writeWholeFile(path.join(folder, 'no', 'folder'), '')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(writeWholeFile(folder, '')).rejects.toThrow();
  expect(readdirSync(folder)).toHaveLength(1);
});
