/** The pictures of a page: small ones inside it, and each as a PNG beside it. */
import sharp from 'sharp';
import type { Pixels } from '../draw/index.js';
import type { Html } from './html.js';
import { html } from './html.js';

/** A file of a page. */
export interface AlbumFile {
  /** Relative to the page, with `/` between folders. */
  name: string;
  /** Text, or the bytes of a PNG. */
  content: Uint8Array | string;
}

export interface Caption {
  /** What a person who does not see the picture should know. */
  alt: string;
  /** Longest side in the page; default 320. */
  shown?: number;
}

export class Album {
  readonly files: AlbumFile[] = [];

  /** Keeps the picture as a PNG. @returns an `<img>` that holds it (WebP, lossy: the PNG is the exact one) */
  async picture(name: string, pixels: Pixels, { alt, shown = 320 }: Caption): Promise<Html> {
    const { width, height, rgb } = pixels;
    const open = () => sharp(rgb, { raw: { width, height, channels: 3 } });
    this.files.push({ name, content: await open().png().toBuffer() });
    const size = { width: shown, height: shown, fit: 'inside', withoutEnlargement: true } as const;
    const { data, info } = await open().resize(size).webp({ quality: 84 }).toBuffer({ resolveWithObject: true });
    const source = `data:image/webp;base64,${data.toString('base64')}`;
    return html`<img src="${source}" width="${info.width}" height="${info.height}" alt="${alt}">`;
  }
}

/** A name as part of a file's name, on every file system: `1-potted-plant`. */
export function fileStem(index: number, name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return [String(index + 1), plain.slice(0, 40)].filter(Boolean).join('-');
}
