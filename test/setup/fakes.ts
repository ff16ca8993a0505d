/** Folders and tools that look like the real ones, so that the set-up is tested without installing or compiling anything. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';

/** A new folder, gone after the test; its path has a space in it, as users' paths do. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg setup-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const LIBRARY = process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so';

/** A folder with what the finder looks at in a LibTorch. */
export function fakeLibtorch(root: string, version: string, kind: 'wheel' | 'archive' | 'headers' = 'wheel'): string {
  const headers = path.join(root, 'include', 'torch', 'headeronly');
  mkdirSync(path.join(root, 'lib'), { recursive: true });
  mkdirSync(headers, { recursive: true });
  writeFileSync(path.join(root, 'lib', LIBRARY), '');
  const [major, minor, patch] = version.split(/[.+]/);
  if (kind === 'wheel') writeFileSync(path.join(root, 'version.py'), `__version__ = '${version}'\ndebug = False\n`);
  if (kind === 'archive') writeFileSync(path.join(root, 'build-version'), `${version}\n`);
  if (kind === 'headers') {
    const parts = { MAJOR: major, MINOR: minor, PATCH: patch };
    writeFileSync(
      path.join(headers, 'version.h'),
      Object.entries(parts)
        .map(([name, value]) => `#define TORCH_VERSION_${name} ${value}\n`)
        .join(''),
    );
  }
  return root;
}

/** A script on a PATH of its own. */
export function fakeTool(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** `process.env` with some variables changed for one test; undefined removes one. */
export function withEnvironment(changes: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (!saved.has(name)) saved.set(name, process.env[name]);
    set(name, value);
  }
}

const saved = new Map<string, string | undefined>();
afterEach(() => {
  for (const [name, value] of saved) set(name, value);
  saved.clear();
});

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
