/** How each package manager installs a tarball into a project, and how it runs what it installed. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = process.env.INVSEG_CACHE ?? path.join(root, '.cache');

/** Those that Node does not bring, by alias; exact versions, so that a failure is one of the package. */
const VERSIONS = {
  npm10: 'npm:npm@10.9.9',
  yarn1: 'npm:yarn@1.22.22',
  yarn4: 'npm:@yarnpkg/cli-dist@4.18.1',
  pnpm10: 'npm:pnpm@10.34.8',
};

/** Other versions of Node, as packages of this platform. */
const NODES = { 22: '22.23.3', 24: '24.21.0', 26: '26.12.1' };
const NODE_PACKAGES = Object.fromEntries(
  Object.entries(NODES).map(([major, version]) => [
    `node${major}`,
    `npm:node-${process.platform}-${process.arch}@${version}`,
  ]),
);

/**
 * Scripts for node, with the file that starts each manager, and the other versions of Node.
 *
 * @returns {Promise<Record<string, string>>}
 */
export async function fetchManagers() {
  const folder = path.join(cache, 'package-managers');
  const wanted = JSON.stringify({ private: true, dependencies: { ...VERSIONS, ...NODE_PACKAGES } });
  const manifest = path.join(folder, 'package.json');
  const done = path.join(folder, 'complete');
  if (!existsSync(done) || !existsSync(manifest) || readFileSync(manifest, 'utf8') !== wanted) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(manifest, wanted);
    await run(['npm', 'install', '--no-save', '--ignore-scripts', '--no-package-lock'], folder);
    writeFileSync(done, '');
  }
  const file = (name, script) => path.join(folder, 'node_modules', name, script);
  return {
    npm10: file('npm10', 'bin/npm-cli.js'),
    yarn1: file('yarn1', 'bin/yarn.js'),
    yarn4: file('yarn4', 'bin/yarn.js'),
    pnpm10: file('pnpm10', 'bin/pnpm.cjs'),
    ...Object.fromEntries(Object.keys(NODE_PACKAGES).map((name) => [name, file(name, 'bin/node')])),
  };
}

/** Ways to install that need nothing but the npm of this Node. */
export const OWN_CASES = [npmCase('npm install', ['npm'], 'install'), ...npmLockCases(['npm'])];

/**
 * All ways. A case has a name, the commands that install, and what `node` and the package's command are there.
 *
 * @param {Record<string, string>} scripts as `fetchManagers` returns them
 */
export function allCases(scripts) {
  const by = (name) => ['node', scripts[name]];
  return [
    ...OWN_CASES,
    npmCase('npm 10 install', by('npm10'), 'install'),
    ...npmLockCases(by('npm10')).map((entry) => ({ ...entry, name: entry.name.replace('npm', 'npm 10') })),
    npmCase('npm install --ignore-scripts', ['npm'], 'install', '--ignore-scripts'),
    managerCase('pnpm', by('pnpm10'), [['install']]),
    managerCase('yarn 1', by('yarn1'), [YARN_1]),
    managerCase('yarn 1, with its lock file', by('yarn1'), [
      YARN_1,
      'empty node_modules',
      [...YARN_1, '--frozen-lockfile'],
    ]),
    yarn4Case('node-modules', by('yarn4')),
    yarn4Case('pnp', by('yarn4')),
    ...Object.keys(NODES).map((major) => ({
      ...npmCase(`Node ${major}, npm install`, ['npm'], 'install'),
      runtime: scripts[`node${major}`],
    })),
  ];
}

function npmCase(name, npm, ...install) {
  const exec = (args) => [...npm, 'exec', '--no', '--', ...args];
  return { name, install: [[...npm, ...install]], node: ['node'], command: exec(['invseg']), files: {} };
}

/** A lock entry carries other fields than the manifest, and `npm ci` knows nothing else. */
function npmLockCases(npm) {
  const lock = [...npm, 'install', '--package-lock-only'];
  return [
    { ...npmCase('npm install with a lock file', npm), install: [lock, [...npm, 'install']] },
    { ...npmCase('npm ci', npm), install: [lock, [...npm, 'ci']] },
  ];
}

/** With a cache of the project's own: the user's has a tarball of this name and version from an earlier run, and yarn takes that. */
const YARN_1 = ['install', '--non-interactive', '--cache-folder', 'yarn-cache'];

function managerCase(name, manager, installs) {
  const install = installs.map((args) => (Array.isArray(args) ? [...manager, ...args] : args));
  const exec = name === 'pnpm' ? ['exec'] : ['--silent', 'run'];
  return { name, install, node: ['node'], command: [...manager, ...exec, 'invseg'], files: {} };
}

function yarn4Case(linker, yarn) {
  return {
    name: `yarn 4, ${linker}`,
    install: [[...yarn, 'install']],
    node: [...yarn, 'node'],
    command: [...yarn, 'run', 'invseg'],
    files: {
      '.yarnrc.yml': `nodeLinker: ${linker}\nenableTelemetry: false\nenableImmutableInstalls: false\n`,
      'yarn.lock': '',
    },
  };
}

/**
 * Runs a command to its end.
 *
 * @param {readonly string[]} command
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env more variables
 * @returns {Promise<string>} its standard output
 * @throws with the command, the output and the standard error where it fails
 */
export async function run([file, ...args], cwd, env = {}) {
  const options = { cwd, env: { ...cleanEnvironment(), ...env }, maxBuffer: 64e6, timeout: 1_800_000 };
  // The file is looked for on this process's PATH, not on the one that it gets.
  const [first] = (env.PATH ?? '').split(path.delimiter).filter((folder) => existsSync(path.join(folder, file)));
  const command = first ? path.join(first, file) : file === 'node' ? process.execPath : file;
  try {
    const { stdout } = await promisify(execFile)(command, args, options);
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error;
    throw new Error(`${[file, ...args].join(' ')} in ${cwd}: ${error.message}\n${stdout}${stderr}`, { cause: error });
  }
}

/** As from a user's shell: without this project's variables and what an `npm run` around this adds. */
function cleanEnvironment() {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(INVSEG_|NODE_OPTIONS$|CI$|INIT_CWD$)/.test(name) && (!/^npm_/.test(name) || name === 'npm_config_registry'),
  );
  const registry = process.env.npm_config_registry;
  const forYarn = registry ? { YARN_REGISTRY: registry, YARN_NPM_REGISTRY_SERVER: registry } : {};
  return {
    ...Object.fromEntries(own),
    ...forYarn,
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  };
}
