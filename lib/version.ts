/** What package.json says of this package. */
import { readFileSync } from 'node:fs';

interface Manifest {
  version: string;
  engines: { node: string };
}

let manifest: Manifest | undefined;

function read(): Manifest {
  // The same step up from lib and from dist.
  manifest ??= JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;
  return manifest;
}

/**
 * The version of this package, as its package.json says.
 *
 * @returns such as `0.1.0`
 * @example
 * ```ts
 * import { packageVersion } from 'invseg-native';
 *
 * console.log(packageVersion());
 * ```
 */
export function packageVersion(): string {
  return read().version;
}

/** The oldest Node that this package is for, such as `20.19`. */
export function oldestNode(): string {
  return read().engines.node.replace(/^>=\s*/, '');
}
