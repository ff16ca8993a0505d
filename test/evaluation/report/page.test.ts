import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../lib/datasets/index.js';
import { evaluate, readRun } from '../../../lib/evaluation/index.js';
import { renderReport } from '../../../lib/evaluation/report/index.js';
import { launchChromium, whyNoChromium } from '../../../scripts/screenshots/chromium.mjs';
import { look } from '../../explain/browser.js';
import { FakeSegmenter, makeFolder } from '../fake.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-report-'));
const nasty = [
  '<script>alert("1")</script>',
  '"><img src=x onerror=alert(1)>',
  'a name of many words that goes over several lines wherever it is put',
];
let root: string;
let plain: string;
let odd: string;

async function page(name: string): Promise<string> {
  const out = path.join(folder, name);
  await evaluate({
    segmenter: new FakeSegmenter(),
    dataset: await openDataset({ kind: 'folder', root, onProblem: 'skip' }),
    out,
  });
  return renderReport(out, await readRun(out));
}

beforeAll(async () => {
  root = await makeFolder(20);
  plain = await page('plain');
  writeFileSync(path.join(root, 'classes.json'), JSON.stringify(nasty));
  rmSync(path.join(root, 'masks', 'p0003.png'));
  odd = await page('odd');
});
afterAll(() => [root, folder].forEach((one) => rmSync(one, { recursive: true, force: true })));

const bare = (text: string): string => text.replace(/base64,[^"]+/g, '');

describe('report', () => {
  it('shows names as text and names nothing outside itself', () => {
    for (const text of [plain, odd].map(bare)) {
      expect(text).not.toMatch(/<script|<img src=x|https?:|@import|url\(/);
      expect(text).toContain('default-src &apos;none&apos;');
    }
    expect(odd).toContain('&lt;script&gt;');
  });

  it('has every part', () => {
    for (const id of ['classes', 'confusion', 'pictures', 'losses', 'failures', 'settings'])
      expect(plain).toContain(`<section id="${id}">`);
    expect(plain.match(/<img /g)!.length).toBeGreaterThanOrEqual(32);
    expect(plain).toContain('Nothing was left out');
    expect(bare(odd)).toMatch(/p0003[^]{0,40}MASK_NOT_FOUND/);
    expect(plain).not.toContain('not kept');
  });

  it('says where the thumbnails are gone', async () => {
    rmSync(path.join(folder, 'plain', 'pictures'), { recursive: true });
    expect(await renderReport(path.join(folder, 'plain'), await readRun(path.join(folder, 'plain')))).toContain(
      'not kept',
    );
  });
});

const why = whyNoChromium();

describe.skipIf(why)(`report in Chromium${why ? ` (skipped: ${why})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchChromium()));
  afterAll(async () => void (await browser?.close()));

  it.each([
    { width: 1280, scheme: 'light' as const },
    { width: 390, scheme: 'dark' as const },
  ])('is whole at $width, $scheme', async (view) => {
    for (const [name, text] of [
      ['plain', plain],
      ['odd', odd],
    ] as const) {
      const file = path.join(folder, `${name}.html`);
      writeFileSync(file, text);
      const seen = await look(browser, pathToFileURL(file).href, view);
      expect(seen.noise, name).toEqual([]);
      expect(seen.problems, name).toEqual([]);
      expect(seen.images, name).toBeGreaterThan(10);
    }
  });
});
