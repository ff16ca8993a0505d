/** The exporter writes TorchScript with one release of torch: a later one may refuse to, or write something else. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import { PACKAGE_ROOT } from '../../lib/native/stamp.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['export', 'export.export(configs.miniature(752), out)'],
  ['clip_blip_export', 'clip_blip_export.write_scripts(lambda: {}, out)'],
])('%s refuses another torch and writes nothing', async (module, call) => {
  const out = path.join(folder, module);
  const script = `import torch; torch.__version__ = "2.15.1"
from architectures import configs, ${module}
out = ${JSON.stringify(out)}
${call}`;
  const { status, err } = await new Promise<{ status: number; err: string }>((resolve) => {
    const options = { cwd: path.join(PACKAGE_ROOT, 'scripts') };
    execFile(loadBinding().python ?? 'python3', ['-c', script], options, (error, _, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, err: stderr }),
    );
  });
  expect(err).toContain('Expected torch 2.13 to write TorchScript but found 2.15.1: pip install torch==2.13.0');
  expect(status).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});
