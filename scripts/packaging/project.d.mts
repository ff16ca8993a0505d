import type { Case } from './managers.mjs';

export interface Tried {
  /** Folder of the installed package. */
  folder: string;
  /** Whether the installation left something compiled. */
  built: boolean;
  /** What `invseg --version` prints. */
  version: string;
  /** `typeof encodeLabels`, which needs a dependency. */
  encodes: string;
  /** With an addon: length of the labels, and the run's status. */
  labels?: number;
  status?: string;
  /** Without one: code of the error of `Segmenter.open`, or 'opened'. */
  code?: string;
}

export interface TryOptions {
  /** Folder of a built addon to segment with. */
  addon?: string;
  /** What else to do in the project before it is removed. */
  then?: (project: string) => Promise<void>;
}

export function tryInstall(way: Case, tarball: string, options?: TryOptions): Promise<Tried>;
