/** Whether an addon of the package fits a LibTorch as it is. */
import path from 'node:path';
import { isCheckout, prebuildFor } from '../native/index.js';

export interface FittingAddon {
  /** Folder of the binaries. */
  folder: string;
  /** Minor version of LibTorch that it fits, such as `2.13`. */
  libtorch: string;
}

/**
 * The package's own addon for a LibTorch, or undefined where one has to be built against its headers: always in a checkout, whose
 * sources change.
 *
 * @param libtorch its version, such as `2.13.0+cpu`
 */
export function addonFor({ version }: { version: string }): FittingAddon | undefined {
  const prebuild = isCheckout() ? undefined : prebuildFor(version);
  return prebuild && { folder: path.dirname(prebuild.addon), libtorch: prebuild.libtorch };
}
