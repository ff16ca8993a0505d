/** Whether an addon of the package fits a LibTorch as it is. */

export interface FittingAddon {
  /** Folder of the binaries. */
  folder: string;
}

/**
 * The package's own addon for a LibTorch, or undefined where one has to be built against its headers.
 *
 * @param libtorch version such as `2.13.0+cpu`
 */
export function addonFor(_libtorch: { version: string }): FittingAddon | undefined {
  // The package brings sources alone.
  return undefined;
}
