/** Looks for a LibTorch that fits. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import {
  type Attempt,
  describe,
  HEADERS,
  inspectLibraries,
  LIBTORCH_PIN,
  type LibtorchSearch,
  type LibtorchSource,
  named,
  Places,
  range,
} from '../native/index.js';
import { addonFor } from './addon.js';

export { type Attempt, describe, type Libtorch, type LibtorchSource } from '../native/index.js';

/**
 * Looks in the order option, `INVSEG_LIBTORCH`, `LIBTORCH`, cache, python3's torch. Nothing of torch is loaded or imported.
 *
 * @throws {InvSegError} `LIBTORCH_NOT_FOUND` where the option or `INVSEG_LIBTORCH` names a place that does not do: taking another
 * one would hide the mistake
 */
export function findLibtorch(option?: string, env: NodeJS.ProcessEnv = process.env): LibtorchSearch {
  const places = new Places(inspect, env);
  const { attempts } = places;
  const refused = (source: LibtorchSource): InvSegError =>
    notFound(
      attempts,
      source === 'option'
        ? 'correct --libtorch, or leave it out'
        : `correct ${source}, or unset it: nothing else is looked at`,
    );
  const found = places.named(option, refused) ?? places.cached() ?? places.python();
  return { found, attempts };
}

/**
 * The error that lists every place and every way out.
 *
 * @param first what is to be done before any of them helps
 */
export function notFound(attempts: readonly Attempt[], first?: string): InvSegError {
  return new InvSegError(
    'LIBTORCH_NOT_FOUND',
    `No LibTorch ${range} was found. ${describe(attempts)}\nPossible solutions:\n` +
      (first === undefined ? '' : `  ${first};\n`) +
      `  run \`npx invseg setup\` with a network, which installs LibTorch ${LIBTORCH_PIN} into the cache;\n` +
      '  run `npx invseg setup --wheel FILE` with a wheel of torch;\n' +
      `  \`pip install torch==${LIBTORCH_PIN}\` for python3;\n` +
      '  unpack LibTorch and set INVSEG_LIBTORCH to the folder that holds its lib and include.',
  );
}

/** Whether somebody named a place: then a build with another LibTorch does not do. */
export function isNamed(option: string | undefined, env: NodeJS.ProcessEnv = process.env): boolean {
  return named(option, env).length > 0;
}

/** Version and Python of the LibTorch in `root`, or why it does not do for `invseg setup`. */
export function inspect(root: string): { version: string; python: string | null } | string {
  const inspected = inspectLibraries(root);
  if (typeof inspected === 'string') return inspected;
  // Headers are for building alone.
  if (existsSync(path.join(root, HEADERS)) || addonFor(inspected)) return inspected;
  return `LibTorch ${inspected.version} without headers (${HEADERS}), and an addon would have to be built with them`;
}
