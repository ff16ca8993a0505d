export interface Packed {
  /** Path of the tarball. */
  file: string;
  /** Bytes of the tarball, and of its files. */
  size: number;
  unpackedSize: number;
  files: { path: string; size: number }[];
}

export function packPublished(folder: string): Packed;
export function absoluteLinks(markdown: string, base: string): string;
