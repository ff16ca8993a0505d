/**
 * `npm run prebuild`: the addons that the tarball carries, for the platform of this machine, in prebuildify's layout.
 *
 *     node scripts/prebuild.mjs [--libtorch <folder>]...
 *
 * Each supported minor version of LibTorch has an addon of its own (its C++ interface changes between them, and not within one; CPU
 * and CUDA builds share it); the shim refers to nothing of LibTorch and is one for all. A `--libtorch` stands for its minor version;
 * for the others, the wheels are fetched with pip into the cache. `prebuilds.json` says what the loader has to know of the binaries.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import prebuildify from 'prebuildify';
import { compile, describeFailure } from './compile.mjs';
import { compareVersions, systemNeeds } from './packaging/elf.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

/** A release of each minor version that gets an addon. */
const RELEASES = ['2.13.0', '2.14.1'];

/** What the binaries may ask of the system: RHEL 9 and everything newer has it. */
export const LIMITS = { GLIBC: '2.34', GLIBCXX: '3.4.29', CXXABI: '1.3.13' };

/** @returns what the binary asks for, by family @throws where that is more than `limits`, with the symbols */
export function checkNeeds(file, limits = LIMITS) {
  const needs = systemNeeds(file);
  for (const [family, limit] of Object.entries(limits)) {
    const { version = '0', symbols = [] } = needs[family] ?? {};
    if (compareVersions(version, limit) > 0)
      throw new Error(
        `${file} needs ${family}_${version} (${symbols.join(', ')}), and ${family}_${limit} is the limit.`,
      );
  }
  return needs;
}

async function main() {
  const { values: flags } = parseArgs({ options: { libtorch: { type: 'string', multiple: true, default: [] } } });
  compile();
  const { inspect } = await import('../dist/setup/libtorch.js');
  const { cacheFolder, fingerprint, installedRoot, libtorchCache } = await import('../dist/native/index.js');
  const prebuilds = await import('../dist/native/prebuilds.js');
  const version = (folder) => {
    const inspected = inspect(folder);
    if (typeof inspected === 'string') throw new Error(`${folder}: ${inspected}`);
    return inspected.version;
  };
  const named = new Map(flags.libtorch.map((folder) => [prebuilds.minorOf(version(folder)), path.resolve(folder)]));
  const releases = RELEASES.filter((release) => !named.has(prebuilds.minorOf(release)));
  for (const release of releases) {
    const installed = installedRoot(libtorchCache());
    const own = installed !== undefined && existsSync(installed) && version(installed).split('+')[0] === release;
    named.set(prebuilds.minorOf(release), own ? installed : fetchWheel(release, path.join(cacheFolder(), 'wheels')));
  }

  const folder = prebuilds.prebuildsFolder();
  rmSync(folder, { recursive: true, force: true });
  const made = fingerprint(root);
  const minors = [...named.keys()].sort(compareVersions);
  const trees = (minor) => path.join(root, 'build', 'prebuild', `torch-${minor}`);
  await build('invseg_shim', 'invseg_shim', trees(minors[0]), named.get(minors[0]));
  for (const minor of minors) await build('invseg', `invseg.torch-${minor}`, trees(minor), named.get(minor));

  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.node'))
    .sort();
  const needs = process.platform === 'linux' ? files.map((file) => checkNeeds(path.join(folder, file))) : [];
  const highest = (family) =>
    needs
      .map((need) => need[family]?.version ?? '0')
      .sort(compareVersions)
      .at(-1) ?? null;
  const description = {
    format: prebuilds.FORMAT,
    fingerprint: made,
    glibc: highest('GLIBC'),
    glibcxx: highest('GLIBCXX'),
    shim: files.find((file) => file.startsWith('invseg_shim.')),
    addons: Object.fromEntries(
      minors.map((minor) => [
        minor,
        { file: files.find((file) => file.startsWith(`invseg.torch-${minor}.`)), builtWith: version(named.get(minor)) },
      ]),
    ),
  };
  writeFileSync(path.join(folder, prebuilds.DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
  for (const file of readdirSync(folder))
    console.log(`${path.relative(root, path.join(folder, file))}: ${statSync(path.join(folder, file)).size} bytes`);
  console.log(`glibc ${description.glibc}, GLIBCXX ${description.glibcxx}`);
}

/** One target, compiled, stripped, and moved to prebuilds/<platform>-<arch>/<name>[.<libc>].node. */
async function build(target, name, tree, libtorch) {
  mkdirSync(tree, { recursive: true });
  // prebuildify takes the first binary that it finds there.
  rmSync(path.join(tree, 'build', 'Release'), { recursive: true, force: true });
  process.env.INVSEG_PREBUILD_TARGET = target;
  process.env.INVSEG_PREBUILD_LIBTORCH = libtorch;
  await promisify(prebuildify)({
    name,
    napi: true,
    strip: true,
    tagLibc: process.platform === 'linux',
    targets: [{ runtime: 'node', target: process.versions.node }],
    cwd: tree,
    out: root,
    nodeGyp: fileURLToPath(new URL('packaging/compile-prebuild.mjs', import.meta.url)),
  });
}

/** The wheel alone: a build needs none of the packages that it depends on. */
function fetchWheel(release, cache) {
  const target = path.join(cache, `torch-${release}`);
  const torch = path.join(target, 'torch');
  if (existsSync(path.join(target, 'complete'))) return torch;
  rmSync(target, { recursive: true, force: true });
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--retries',
    '1',
    '--target',
    target,
    `torch==${release}`,
  ];
  execFileSync('python3', pip, { stdio: 'inherit' });
  writeFileSync(path.join(target, 'complete'), '');
  return torch;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 1;
  }
}
