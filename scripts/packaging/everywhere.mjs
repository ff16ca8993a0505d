/**
 * `npm run test:install`: the package as it is published, installed with every package manager, in a project each.
 *
 *     node scripts/packaging/everywhere.mjs [--only <part of a name>] [--setup]
 *
 * Fetches the managers from the registry once. Where an addon is built here, or INVSEG_ADDON names one, each project
 * segments with it. `--setup` also builds the addon in each project (minutes).
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile } from '../compile.mjs';
import { packPublished } from '../package.mjs';
import { allCases, fetchManagers, run } from './managers.mjs';
import { tryInstall } from './project.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: flags } = parseArgs({
  options: { only: { type: 'string', default: '' }, setup: { type: 'boolean', default: false } },
});

compile();
const addon = process.env.INVSEG_ADDON ?? path.join(root, 'build', 'Release');
const named = existsSync(path.join(addon, 'invseg.node')) ? { addon: path.resolve(addon) } : {};
const libtorch = process.env.INVSEG_LIBTORCH;
const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
let failed = 0;
let passed = 0;
try {
  const { file } = packPublished(folder);
  const cases = allCases(await fetchManagers()).filter(({ name }) => name.includes(flags.only));
  for (const way of cases) {
    const start = performance.now();
    const setUp = async (project) => {
      const environment = libtorch ? { INVSEG_LIBTORCH: libtorch } : {};
      console.log(await run([...way.command, 'setup'], project, environment));
      console.log(await run([...way.node, 'check.mjs'], project));
    };
    try {
      const tried = await tryInstall(way, file, flags.setup ? { ...named, then: setUp } : named);
      const wrong = complaints(tried);
      if (wrong.length > 0) throw new Error(wrong.join('; '));
      passed += 1;
      const what = named.addon ? 'installs, runs, segments' : 'installs, runs';
      console.log(`${way.name}: ${what}; ${((performance.now() - start) / 1000).toFixed(1)} s`);
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

function complaints({ built, version, encodes, status, code }) {
  return [
    built && 'the installation compiled',
    !/^\d+\.\d+\.\d+/.test(version) && `--version says ${version}`,
    encodes !== 'function' && 'encodeLabels is missing',
    named.addon
      ? status !== 'completed' && `segment ends ${status}`
      : code !== 'ADDON_NOT_BUILT' && `open says ${code}`,
  ].filter(Boolean);
}
