/**
 * `npm run test:install`: the package as it is published, installed with every package manager and every Node, in a project each, on
 * a PATH that holds Node and no compiler, make, CMake or Python; then masks.
 *
 *     node scripts/packaging/everywhere.mjs [--only <part of a name>] [--libtorch <folder> | --wheel <file>] [--tarball <file>]
 *
 * Fetches the managers from the registry once. LibTorch is `--libtorch`, else `INVSEG_LIBTORCH`, else the one in the cache;
 * `--wheel` has each project unpack one for itself with `invseg setup --wheel`. The prebuilt addons must be there (`npm run prebuild`).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '../compile.mjs';
import { packPublished } from '../package.mjs';
import { allCases, fetchManagers } from './managers.mjs';
import { tryInstall } from './project.mjs';

/** Images that `invseg demo` has. */
const IMAGES = 6;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    libtorch: { type: 'string' },
    wheel: { type: 'string' },
    tarball: { type: 'string' },
  },
});

compile();
const { whyNoPrebuild } = await import('../../dist/native/index.js');
const { findLibtorch } = await import('../../dist/setup/libtorch.js');
const { found } = flags.wheel ? { found: undefined } : findLibtorch(flags.libtorch);
if (!found && !flags.wheel)
  throw new Error('No LibTorch was found: name one with --libtorch, or a wheel with --wheel.');
const reason = found && whyNoPrebuild(found.version);
if (reason) throw new Error(`No prebuilt addon fits LibTorch ${found.version}: ${reason}. Run \`npm run prebuild\`.`);

const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
let failed = 0;
let passed = 0;
try {
  const file = flags.tarball ? path.resolve(flags.tarball) : packPublished(folder).file;
  const source = flags.wheel ? { wheel: path.resolve(flags.wheel) } : { libtorch: found.root };
  const cases = allCases(await fetchManagers()).filter(({ name }) => name.includes(flags.only));
  for (const way of cases) {
    try {
      const tried = await tryInstall(way, file, { ...source, demo: true });
      const wrong = complaints(tried);
      if (wrong.length > 0) throw new Error(wrong.join('; '));
      passed += 1;
      const times = Object.entries(tried.seconds).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
      console.log(`${way.name}: ${times.join(', ')}; ${tried.masks} masks`);
    } catch (error) {
      failed += 1;
      console.log(`${way.name}: FAILED\n${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function complaints({ built, version, encodes, required, status, code, masks }) {
  return [
    built && 'something was compiled',
    !/^\d+\.\d+\.\d+/.test(version) && `--version says ${version}`,
    encodes !== 'function' && 'encodeLabels is missing',
    required !== 'function' && 'require gives no Segmenter',
    masks !== IMAGES && `demo leaves ${masks} masks`,
    flags.wheel ? code !== 'opened' && `open says ${code}` : status !== 'completed' && `segment ends ${status}`,
  ].filter(Boolean);
}
