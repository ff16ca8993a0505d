/**
 * A headless Chromium that `npm install` brings: unpacked from the package @sparticuz/chromium into the project's cache.
 *
 * The package's own unpacking writes to the system's temporary folder and leaves the libraries out unless it believes to run at
 * its author's host; with them it starts on a plain Debian, where nothing but libc and libgcc is there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = process.env.INVSEG_CACHE ?? path.join(root, '.cache');
const decompress = promisify(brotliDecompress);

/** Why the package's Chromium cannot run here, or undefined. */
export function whyNoChromium() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the Chromium of @sparticuz/chromium runs on Linux x64, not on ${process.platform} ${process.arch}`;
  }
  try {
    createRequire(import.meta.url).resolve('puppeteer-core');
    return undefined;
  } catch {
    return 'the development dependencies are not installed';
  }
}

/** @returns folder with `chromium`, `lib` and `fonts`; unpacked once, about 210 MB and five seconds */
async function unpack() {
  const bin = path.resolve(path.dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../../bin');
  const { version } = JSON.parse(await readFile(path.join(bin, '../package.json'), 'utf8'));
  const folder = path.join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const half = await mkdtemp(`${folder}-`);
  const packed = async (name) => decompress(await readFile(path.join(bin, name)));
  await writeFile(path.join(half, 'chromium'), await packed('chromium.br'), { mode: 0o755 });
  for (const name of ['al2023', 'fonts', 'swiftshader']) {
    execFileSync('tar', ['-x', '-C', half], { input: await packed(`${name}.tar.br`) });
  }
  // Only the package's own font: a page has the same widths on every machine.
  const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>`;
  await writeFile(path.join(half, 'fonts.conf'), fonts);
  // Another process may have been faster.
  await rename(half, folder).catch(() => rm(half, { recursive: true }));
  return folder;
}

/** @returns a browser of puppeteer-core; close it */
export async function launchChromium() {
  const { default: puppeteer } = await import('puppeteer-core');
  const folder = await unpack();
  return puppeteer.launch({
    executablePath: path.join(folder, 'chromium'),
    headless: 'shell',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none'],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: path.join(folder, 'lib'),
      FONTCONFIG_FILE: path.join(folder, 'fonts.conf'),
      XDG_CACHE_HOME: folder,
      HOME: folder,
    },
  });
}
