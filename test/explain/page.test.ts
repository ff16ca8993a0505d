import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderExplanation } from '../../lib/explain/index.js';
import { launchChromium, whyNoChromium } from '../../scripts/screenshots/chromium.mjs';
import { look } from './browser.js';
import type { SampleOptions } from './sample.js';
import { sample } from './sample.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

const nasty = [
  `<script>alert("1")</script>`,
  `"><img src=x onerror=alert(1)>`,
  `'&amp;</style></title><!--`,
  'a name of many words that goes over several lines wherever it is put, and then over some more',
  'W'.repeat(200),
  '猫',
  'قطة',
];

async function page(options: SampleOptions = {}, name = 'cat.png'): Promise<string> {
  const files = await renderExplanation(sample(options), name);
  return String(files.find((file) => file.name === 'index.html')!.content);
}

/** The page's own text, without the pictures' bytes. */
const bare = (text: string): string => text.replace(/base64,[^"]+/g, '');

describe('page', () => {
  it('shows names as text, wherever they stand', async () => {
    const text = bare(await page({ names: nasty, failure: '<b>no</b>' }, '<i>.png'));
    expect(text).not.toMatch(/<script|<img src=x|<b>no|<i>\.png|<!--|onerror=alert\(1\)>"/);
    expect(text.match(/<\/style>/g)).toHaveLength(1);
    expect(text).toContain('<title>InvSeg on &lt;i&gt;.png</title>');
    expect(text).toContain('It gave no mask: &lt;b&gt;no&lt;/b&gt;');
  });

  it('names nothing outside itself', async () => {
    const text = bare(await page());
    expect(text).not.toMatch(/https?:|\/\/|@import|url\(/);
    expect([...text.matchAll(/(?:src|href)="([^"]{1,6})/g)].every(([, address]) => /^(data:|#)/.test(address!))).toBe(
      true,
    );
    expect(text).toContain('default-src &apos;none&apos;');
  });

  it('lies beside its pictures and numbers', async () => {
    const files = await renderExplanation(sample(), 'cat.png');
    const names = files.map((file) => file.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining([
        'input.png',
        'masks/truth.png',
        'masks/invseg.png',
        'masks/baseline.png',
        'maps/2-dog.before.png',
        'anchors/1-cat.step-10.png',
        'distances/3-background.png',
      ]),
    );
    for (const { name, content } of files.filter((file) => file.name.endsWith('.png'))) {
      expect((await sharp(content as Buffer).metadata()).format, name).toBe('png');
    }
    const data = JSON.parse(String(files.find((file) => file.name === 'explain.json')!.content));
    expect(data).toMatchObject({
      format: 'invseg-explanation/1',
      categories: ['cat', 'dog', 'background'],
      anchorSteps: [0, 5, 10, 15],
    });
    expect(data.methods[0]).toMatchObject({ method: 'invseg', mIoU: expect.any(Number) });
    expect(data.files).toEqual(names.filter((name) => name.endsWith('.png')));
  });

  it('has an alt text with its own words for every picture', async () => {
    const alts = [...(await page()).matchAll(/ alt="([^"]*)"/g)].map(([, alt]) => alt);
    expect(alts.length).toBeGreaterThan(20);
    expect(new Set(alts).size).toBe(alts.length);
    expect(alts.every((alt) => alt!.length > 10)).toBe(true);
  });

  it('says so where there is no step, no distance, a loop that stopped', async () => {
    const still = sample({ steps: 0 });
    delete still.distances;
    still.invseg.warnings.push('Step 1 of 0 was not finite');
    const text = bare(String((await renderExplanation(still, 'x'))[0]!.content));
    expect(text).toContain('No step was taken');
    expect(text).toContain('reads no self-attention');
    expect(text).toContain('was not finite');
  });
});

const why = whyNoChromium();

describe.skipIf(why)(`page in Chromium${why ? ` (skipped: ${why})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchChromium()));
  afterAll(async () => void (await browser?.close()));

  const write = (name: string, content: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return pathToFileURL(file).href;
  };

  const samples: [string, SampleOptions][] = [
    ['plain', {}],
    ['nasty', { names: nasty, failure: `It failed: ${'W'.repeat(300)}` }],
    ['many', { names: Array.from({ length: 60 }, (_, i) => `name ${i}`), steps: 1000 }],
    ['tall', { width: 20, height: 400, steps: 1 }],
    ['flat', { width: 400, height: 20, steps: 2 }],
  ];

  describe.each(samples)('%s', (name, options) => {
    it.each([
      { width: 1280, scheme: 'light' as const },
      { width: 390, scheme: 'dark' as const },
    ])('is whole at $width, $scheme', async (view) => {
      const seen = await look(browser, write(`${name}.html`, await page(options)), view);
      expect(seen.noise).toEqual([]);
      expect(seen.problems).toEqual([]);
      expect(seen.images).toBeGreaterThan(10);
    });
  });

  it('would be found to be broken', async () => {
    const broken = `<!doctype html><body><p style="width:50px;white-space:nowrap">much longer than this</p>
      <p style="width:2000px">wide</p><img alt="gone" src="data:image/png;base64,AAAA"><img src="gone.png">
      <svg viewBox="0 0 100 20" width="100"><text x="0" y="12">one</text><text x="2" y="12">two</text><text x="95" y="12">beyond</text></svg>
      <script>console.error('no'); throw new Error('never')</script>`;
    const { noise, problems } = await look(browser, write('broken.html', broken), { width: 390, scheme: 'light' });
    for (const found of ['console: no', 'exception: Error: never', 'request: file:', 'failed: file:'])
      expect(noise.join('\n')).toContain(found);
    for (const found of [
      'the page is',
      'cut: P',
      'outside: P',
      'not drawn: gone',
      'no alt text',
      'overlap in the chart',
      'outside the chart',
    ]) {
      expect(problems.join('\n')).toContain(found);
    }
  });
});
