/**
 * The pictures of the README, from pictures of the package and the model in it:
 *
 *     node scripts/screenshots/make.mjs
 *
 * docs/explain.png is the upper part of the page of `invseg explain` as a browser shows it, docs/overlay.png an overlay of
 * `invseg segment`. Both take the compiled library (`npm run compile`) and the addon.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { drawOverlay } from '../../dist/api/draw.js';
import { explain, renderExplanation } from '../../dist/api/explain.js';
import { decodeImage, Segmenter } from '../../dist/index.js';
import { launchChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pictures = path.join(root, 'models', 'miniature', 'pictures');
const list = JSON.parse(await readFile(path.join(pictures, 'pictures.json'), 'utf8'));

const segmenter = await Segmenter.open();
try {
  await write('explain.png', await pageOf('cow-sheep-car.png'));
  await write('overlay.png', await overlayOf('person-table-screen.png'));
} finally {
  await segmenter.dispose();
}

async function overlayOf(name) {
  const image = await decodeImage(path.join(pictures, name));
  const raw = { data: image.rgb, width: image.width, height: image.height, channels: 3 };
  const { labels, categories } = await segmenter.segment(raw, { categories: list[name].categories });
  return drawOverlay({ image, labels, categories });
}

/** The header, the masks and the maps; at 1.25 pixels to one of the page, so that letters stay sharp. */
async function pageOf(name) {
  const explanation = await explain(segmenter, path.join(pictures, name), { categories: list[name].categories });
  const [page] = await renderExplanation(explanation, name);
  const folder = await mkdtemp(path.join(tmpdir(), 'invseg-screenshot-'));
  const browser = await launchChromium();
  try {
    const file = path.join(folder, page.name);
    await writeFile(file, page.content);
    const tab = await browser.newPage();
    await tab.setViewport({ width: 1040, height: 800, deviceScaleFactor: 1.25 });
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await tab.goto(pathToFileURL(file).href, { waitUntil: 'load' });
    const bottom = await tab.evaluate(`document.querySelector('#anchors').getBoundingClientRect().top + scrollY`);
    return Buffer.from(
      await tab.screenshot({
        clip: { x: 0, y: 0, width: 1040, height: Math.floor(bottom) },
        captureBeyondViewport: true,
      }),
    );
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}

async function write(name, png) {
  const file = path.join(root, 'docs', name);
  await sharp(png).png({ palette: true, effort: 10 }).toFile(file);
  console.log(`${path.relative(root, file)}: ${Math.round((await stat(file)).size / 1000)} kB`);
}
