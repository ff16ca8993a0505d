/** The addons that could be loaded, in the order in which they are tried, and the places where there was none. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { buildsFolder, type LocalBuild, localBuilds, readBuild } from './builds.js';
import type { Loadable } from './first-load.js';
import { thisHost, unsupported } from './host.js';
import { inspectLibraries, searchLibtorch } from './libtorch.js';
import { describe, HEADERS, type Libtorch } from './libtorch-folder.js';
import { type LibtorchSearch, named as namedLibtorch } from './libtorch-search.js';
import { isCheckout } from './places.js';
import { minorOf, prebuildFor, prebuildsFolder, whyNoPrebuild } from './prebuilds.js';
import { ADDON, SHIM, STAMP } from './stamp.js';

/** What a program may choose before anything is loaded. */
export interface AddonOptions {
  /** Folder of `invseg.node`, `invseg_shim.node` and `invseg.json`; default: `INVSEG_ADDON`, else the package's or a local build. */
  addon?: string | undefined;
  /** Root of LibTorch, the folder with `lib`; default: `INVSEG_LIBTORCH`, else the one that is found. */
  libtorch?: string | undefined;
}

export interface Candidate extends Loadable {
  /** Where it comes from. */
  origin: 'option' | 'INVSEG_ADDON' | 'prebuild' | 'local build';
  libtorchVersion: string;
  /** The Python that can import this LibTorch's torch, where there is one. */
  python: string | null;
}

/** The one command that helps where there is no addon for the LibTorch that was found. */
const SETUP = 'npx invseg setup';

/**
 * At least one.
 *
 * @throws {InvSegError} `ADDON_NOT_BUILT` where there is none, with every place that was looked at; `LIBTORCH_NOT_FOUND` where a
 * LibTorch that was named, or that the addon was built with, does not do; `ADDON_LOAD_FAILED` where both are named and do not fit
 */
export function candidates(options: AddonOptions = {}, env: NodeJS.ProcessEnv = process.env): Candidate[] {
  const refused = unsupported(thisHost());
  if (refused !== undefined) throw new InvSegError('ADDON_NOT_BUILT', refused);
  const named = options.addon ?? env['INVSEG_ADDON'];
  // A folder that the user names is the only candidate: falling back to another build would hide a wrong path.
  if (named) return [namedAddon(path.resolve(named), options, env)];
  const builds = localBuilds(env);
  const { found, attempts } = chooseLibtorch(options.libtorch, env, builds);
  if (!found) {
    const gone = builds[0];
    if (gone) throw lost(gone);
    throw new InvSegError(
      'ADDON_NOT_BUILT',
      `The native addon needs a LibTorch, and none was found: run \`${SETUP}\`, which fetches one. ${describe(attempts)}\nRun:\n  ${SETUP}`,
    );
  }
  const about = { libtorch: found.root, libtorchVersion: found.version, python: found.python };
  const prebuild = prebuildFor(found.version);
  const local = builds.find(({ stamp }) => minorOf(stamp.libtorchVersion) === minorOf(found.version));
  const list: Candidate[] = [
    ...(prebuild ? [{ origin: 'prebuild' as const, addon: prebuild.addon, shim: prebuild.shim, ...about }] : []),
    ...(local ? [{ origin: 'local build' as const, ...binaries(local.folder), ...about }] : []),
  ];
  // Who works on the sources wants his own build of them.
  if (isCheckout()) list.reverse();
  if (list.length === 0) throw none(found, builds, env);
  return list;
}

/** The LibTorch that an addon is looked for. */
export function chooseLibtorch(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
  builds: readonly LocalBuild[] = localBuilds(env),
): LibtorchSearch {
  return searchLibtorch(
    option,
    builds.map(({ stamp }) => stamp.libtorch),
    env,
  );
}

/**
 * For a LibTorch that has no addon yet: why none can be built for it, and what to do, each in one line.
 *
 * @returns undefined where it has headers, so that `invseg setup` builds one
 */
export function withoutHeaders({ root, version, source }: Libtorch): { problem: string; remedy: string } | undefined {
  if (existsSync(path.join(root, HEADERS))) return undefined;
  const chosen = { option: 'the option libtorch', INVSEG_LIBTORCH: 'INVSEG_LIBTORCH', LIBTORCH: 'LIBTORCH' };
  const by = chosen[source as keyof typeof chosen];
  return {
    problem:
      `LibTorch ${version} in ${root} (${source}) has no headers (${HEADERS}) to build an addon with; prebuilt ones: ` +
      `${whyNoPrebuild(version)}`,
    remedy: by
      ? `name a whole LibTorch with ${by}, or unset it and run \`${SETUP}\``
      : `run \`${SETUP}\`, which looks for another and fetches one where there is none`,
  };
}

function none(libtorch: Libtorch, builds: readonly LocalBuild[], env: NodeJS.ProcessEnv): InvSegError {
  const { version, root } = libtorch;
  const others = builds.map(({ stamp }) => stamp.libtorchVersion).join(', ');
  const places = [
    'option addon: not given',
    'INVSEG_ADDON: not set',
    `${prebuildsFolder()}: ${whyNoPrebuild(version)}`,
    `${buildsFolder(env)}: ${others ? `built for LibTorch ${others}` : 'no build of these sources'}`,
  ];
  const looked = `Looked at:\n${places.map((place) => `  ${place}`).join('\n')}`;
  const bare = withoutHeaders(libtorch);
  if (bare) return new InvSegError('ADDON_NOT_BUILT', `${bare.problem}: ${bare.remedy}. ${looked}`);
  return new InvSegError(
    'ADDON_NOT_BUILT',
    `The native addon has not been built for LibTorch ${version} in ${root}. Run \`${SETUP}\` to build it. ${looked}\nRun:\n  ${SETUP}`,
  );
}

function namedAddon(folder: string, options: AddonOptions, env: NodeJS.ProcessEnv): Candidate {
  const [origin, label] = options.addon
    ? (['option', 'the option addon'] as const)
    : (['INVSEG_ADDON', 'INVSEG_ADDON'] as const);
  const build = readBuild(folder);
  if (!build) throw notThere(folder, label);
  const { libtorch, libtorchVersion, python } = build.stamp;
  const choice = options.libtorch ?? env['INVSEG_LIBTORCH'];
  if (choice) {
    // As in the search: what somebody names and does not do is an error.
    const inspected = inspectLibraries(choice);
    if (typeof inspected === 'string') searchLibtorch(options.libtorch, [], env);
    else if (minorOf(inspected.version) === minorOf(libtorchVersion))
      return {
        origin,
        ...binaries(folder),
        libtorch: path.resolve(choice),
        libtorchVersion: inspected.version,
        python: inspected.python,
      };
    else
      throw new InvSegError(
        'ADDON_LOAD_FAILED',
        `Expected a LibTorch ${minorOf(libtorchVersion)}, with which the addon in ${folder} was built, but found ` +
          `${inspected.version} in ${choice} (${namedLibtorch(options.libtorch, env)[0]?.[0]}): name one that fits, or unset ${label}.`,
      );
  }
  if (!existsSync(path.join(libtorch, 'lib'))) throw lost(build, `correct or unset ${label}`);
  return { origin, ...binaries(folder), libtorch, libtorchVersion, python };
}

const binaries = (folder: string): { addon: string; shim: string } => ({
  addon: path.join(folder, ADDON),
  shim: path.join(folder, SHIM),
});

function lost({ folder, stamp }: LocalBuild, remedy = `run \`${SETUP}\` again`): InvSegError {
  return new InvSegError(
    'LIBTORCH_NOT_FOUND',
    `The addon in ${folder} was built with the LibTorch in ${stamp.libtorch}, which is no longer there. Name another with ` +
      `INVSEG_LIBTORCH, or ${remedy}.`,
  );
}

function notThere(folder: string, label: string): InvSegError {
  const missing = [ADDON, SHIM, STAMP].filter((file) => !existsSync(path.join(folder, file)));
  const tried = [ADDON, SHIM, STAMP].map((file) => {
    const state = missing.includes(file)
      ? 'missing'
      : file === STAMP
        ? 'not readable as a stamp of this version'
        : 'found';
    return `  ${path.join(folder, file)}: ${state}`;
  });
  return new InvSegError(
    'ADDON_NOT_BUILT',
    `The folder that ${label} names has no addon: correct or unset it. Looked for:\n${tried.join('\n')}`,
  );
}
