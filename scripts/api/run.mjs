/**
 * Writes docs/api, the reference of the public entries, from the comments in lib/.
 *
 *     npm run docs [-- --check]     --check says what is undocumented, or where docs/api is not what lib/ says, and writes nothing
 *
 * typedoc does not take the TypeScript of this repository, so it stands in a package of its own, which is installed beside this file
 * the first time (and never again while its lock file stays the same).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const docs = fileURLToPath(new URL('../../docs/api', import.meta.url));

try {
  install();
  process.exitCode = process.argv.includes('--check') ? check() : write(docs);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function install() {
  const npm = (...args) => spawnSync('npm', [...args, '--prefix', here], { encoding: 'utf8' });
  if (existsSync(path.join(here, 'node_modules')) && npm('ls', '--all').status === 0) return;
  const { status, stderr } = npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline');
  if (status === 0) return;
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(stderr);
  const why = offline
    ? 'The registry of npm cannot be reached, and typedoc is not in its cache. Run this once with a network; afterwards none is needed.'
    : `npm ci in scripts/api failed:\n${stderr.trim()}`;
  throw new Error(`docs/api is left as it is. ${why}`);
}

/** @returns {number} exit status: not 0 where something is not documented, or a link leads nowhere */
function write(out) {
  const typedoc = path.join(here, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const options = ['--options', path.join(here, 'typedoc.json'), '--out', out];
  return spawnSync(process.execPath, [typedoc, ...options], { stdio: 'inherit' }).status ?? 1;
}

/** @returns {number} exit status */
function check() {
  const made = mkdtempSync(path.join(os.tmpdir(), 'invseg-docs-'));
  try {
    const status = write(path.join(made, 'api'));
    if (status !== 0) return status;
    const [now, then] = [pages(path.join(made, 'api')), pages(docs)];
    const differ = [...new Set([...now.keys(), ...then.keys()])].filter((page) => now.get(page) !== then.get(page));
    for (const page of differ) console.error(`docs/api/${page} is not what lib/ says; run: npm run docs`);
    return differ.length === 0 ? 0 : 1;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** Path below the folder → text. */
function pages(folder) {
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
  return new Map(files.map((file) => [file.replaceAll('\\', '/'), readFileSync(path.join(folder, file), 'utf8')]));
}
