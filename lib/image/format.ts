/** What a file says that it is, by its first bytes: nothing else is given to a decoder. */

/** Formats that are read. */
export type PictureFormat = 'JPEG' | 'PNG' | 'GIF' | 'WebP' | 'TIFF' | 'AVIF';

/** Bytes that `formatOf` looks at. */
export const START_BYTES = 16;

/** @param bytes a file, or its first `START_BYTES` @returns undefined for what is no picture, or none that is read */
export function formatOf(bytes: Uint8Array): PictureFormat | undefined {
  const text = Buffer.from(bytes.subarray(0, START_BYTES)).toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'GIF';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'WebP';
  // Both byte orders, classic and with 64-bit offsets.
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return 'TIFF';
  if (text.startsWith('ftyp', 4)) return 'AVIF';
  return undefined;
}

/** Whether it looks like the beginning of an SVG, or of a compressed one. */
export function looksLikeSvg(bytes: Uint8Array): boolean {
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (
    gzip ||
    /^\ufeff?\s*<(\?xml|!DOCTYPE svg|!--|svg)/i.test(Buffer.from(bytes.subarray(0, START_BYTES)).toString('utf8'))
  );
}
