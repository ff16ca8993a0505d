/** Compiles lib/ to dist/, and keeps dist/ free of files whose source has gone: they would be published. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const require = createRequire(import.meta.url);

export function typescriptIsInstalled() {
  try {
    require.resolve('typescript/package.json');
    return true;
  } catch {
    return false;
  }
}

/** @throws where tsc reports errors; it has printed them */
export function compile() {
  const start = performance.now();
  removeStale();
  tsc(['-p', root]);
  console.log(`Compiling the TypeScript: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

function tsc(args) {
  const manifest = require.resolve('typescript/package.json');
  const script = path.join(path.dirname(manifest), 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The TypeScript has errors.');
}

function removeStale() {
  const dist = path.join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const file of readdirSync(dist, { recursive: true })) {
    const source = file.replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts');
    if (source !== file && !existsSync(path.join(root, 'lib', source))) rmSync(path.join(dist, file));
  }
}

/** One line and what the error carries, without a stack: the reader wants to know what to install. */
export function describeFailure(error) {
  return error.code ? `\n${error.code}: ${error.message}\n` : `\n${error.message}\n`;
}
