import type { Case } from './managers.mjs';

export interface Tried {
  /** Folder of the installed package. */
  folder: string;
  /** Whether something was compiled, at the installation or afterwards. */
  built: boolean;
  /** What `invseg --version` prints. */
  version: string;
  /** `typeof encodeLabels`, which needs a dependency. */
  encodes: string;
  /** `typeof Segmenter` of a `require`. */
  required: string;
  /** Where it can segment: length of the labels, and the run's status. */
  labels?: number;
  status?: string;
  /** Elsewhere: code of the error of `Segmenter.open`, or 'opened'. */
  code?: string;
  /** Masks that `invseg demo` left. */
  masks?: number;
  /** Of each step. */
  seconds: Record<string, number>;
}

export interface TryOptions {
  /** Folder of a built addon to segment with, in place of the package's. */
  addon?: string;
  /** Root of the LibTorch to segment with. */
  libtorch?: string;
  /** A wheel of torch to set up with. */
  wheel?: string;
  /** Whether to run `invseg demo`. */
  demo?: boolean;
}

export function tryInstall(way: Case, tarball: string, options?: TryOptions): Promise<Tried>;
