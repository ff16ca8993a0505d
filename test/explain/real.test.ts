/** The real addon: what the page shows is what the engine did. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellOf } from '../../lib/explain/anchors.js';
import { symmetricDistances } from '../../lib/explain/distances.js';
import type { Explanation } from '../../lib/explain/index.js';
import { explain, readIndexMask, renderExplanation } from '../../lib/explain/index.js';
import { clusterLoss } from '../../lib/functions/index.js';
import { decodeImage } from '../../lib/image/decode.js';
import { Random } from '../../lib/random.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { launchChromium, whyNoChromium } from '../../scripts/screenshots/chromium.mjs';
import { openHandles } from '../end-to-end/model.js';
import { changes, companions, merged } from '../options/alternatives.js';
import { look } from './browser.js';

const fixtures = new URL('../fixtures/pictures/', import.meta.url);
const { classes, pictures } = JSON.parse(readFileSync(new URL('names.json', fixtures), 'utf8')) as {
  classes: string[];
  pictures: { picture: string; mask: string; categories: string[] }[];
};
const { picture, mask, categories } = pictures[3]!;
const file = (name: string): string => new URL(name, fixtures).pathname;
const steps = 3;

let segmenter: Segmenter;
let before: number;
beforeAll(async () => {
  before = openHandles();
  segmenter = await Segmenter.open();
});
afterAll(async () => {
  await segmenter.dispose();
  expect(openHandles()).toBe(before);
});

describe('a picture with its ground truth', () => {
  let seen: Explanation;
  beforeAll(async () => {
    seen = await explain(segmenter, file(picture), {
      categories,
      steps,
      methods: ['invseg', 'baseline'],
      mask: (await readIndexMask(file(mask), { width: 128, height: 128 })).mask,
      maskNames: classes,
    });
  });

  it('gets the masks that it gets unobserved', async () => {
    for (const { method, result } of seen.runs) {
      const alone = await segmenter.segment(file(picture), { categories, steps, method });
      expect(Buffer.compare(result!.labels, alone.labels), method).toBe(0);
      expect(result!.losses.map(({ total }) => total)).toEqual(alone.losses.map(({ total }) => total));
    }
  });

  it("shows the baseline's maps before and its own after", async () => {
    const [baseline, invseg] = await Promise.all(
      (['baseline', 'invseg'] as const).map((method) =>
        segmenter.segment(file(picture), { categories, steps, method, saveMaps: true }),
      ),
    );
    expect(seen.before.data).toEqual(baseline!.maps!.data);
    expect(seen.after.data).toEqual(invseg!.maps!.data);
    expect(seen.before.data).not.toEqual(seen.after.data);
  });

  it('has anchors at steps that differ, within the sigmoid', () => {
    expect(seen.anchors.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    const [low, high] = [1 / (1 + Math.exp(2)), 1 / (1 + Math.exp(-2))];
    for (const { maps } of seen.anchors)
      expect([Math.min(...maps.data), Math.max(...maps.data)]).toEqual([
        expect.closeTo(low, 6),
        expect.closeTo(high, 6),
      ]);
    expect(seen.anchors[0]!.maps.data).not.toEqual(seen.anchors[3]!.maps.data);
  });

  it('has a distance of 0 from each point to itself and more to all others', () => {
    const { points, maps, frame } = seen.distances!;
    expect(points.map(({ category }) => category)).toEqual(seen.categories);
    maps.forEach((map, i) => {
      const own = cellOf(points[i]!, frame);
      expect(map[own]).toBe(0);
      expect(map.every((value, j) => Number.isFinite(value) && (j === own || value > 0))).toBe(true);
    });
  });

  const why = whyNoChromium();
  it.skipIf(why)(`is whole in Chromium${why ? ` (skipped: ${why})` : ''}`, async () => {
    const [page] = await renderExplanation(seen, path.basename(picture));
    const folder = mkdtempSync(path.join(tmpdir(), 'invseg-real-'));
    writeFileSync(path.join(folder, 'index.html'), page!.content);
    const browser = await launchChromium();
    try {
      for (const width of [1280, 390]) {
        const { noise, problems } = await look(browser, pathToFileURL(path.join(folder, 'index.html')).href, {
          width,
          scheme: 'light',
        });
        expect([...noise, ...problems], `${width}`).toEqual([]);
      }
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('is judged like a mask of the data set', () => {
    for (const { agreement } of seen.runs) {
      expect(agreement!.mean).toBeGreaterThan(0.5);
      expect(agreement!.classes).toHaveLength(categories.length + 1);
    }
  });
});

it('distances are those of the loss: D of two single points (eq. 5) is S of eq. 3', () => {
  const points = 9;
  const random = new Random(3);
  const self = new Float32Array(points * points);
  for (let i = 0; i < points; i++) {
    const row = Array.from({ length: points }, () => random.uniform(0.01, 1));
    const sum = row.reduce((a, b) => a + b);
    self.set(
      row.map((value) => value / sum),
      i * points,
    );
  }
  const [i, j] = [2, 7];
  const maps = new Float32Array(points * 2);
  maps[i * 2] = 1;
  maps[j * 2 + 1] = 1;
  // So steep a sigmoid leaves one anchor a category.
  const { inter } = clusterLoss({ self, maps, points, categories: 2, anchorScale: 200, anchorCentre: 0.5 });
  expect(symmetricDistances(self, points, [i])[0]![j]).toBeCloseTo(inter, 4);
});

it.each(changes.filter(([, key]) => key !== 'method' && key !== 'steps'))(
  'before is after where no step is taken: %s',
  async (_, key, overrides) => {
    const given = { ...merged(companions[key] ?? {}, overrides), steps: 0, categories, methods: ['invseg'] as const };
    const { before: written, after } = await explain(segmenter, file(picture), given);
    expect(written).toEqual(after);
  },
);

it('names over several prompts', async () => {
  const names = ['cat', 'dog', ...Array.from({ length: 30 }, (_, i) => `thing ${i}`)];
  const seen = await explain(segmenter, file(picture), { categories: names, steps: 1, methods: ['invseg'] });
  expect(seen.invseg.prompts.length).toBeGreaterThan(1);
  expect(seen.distances!.maps).toHaveLength(names.length + 1);
  expect(seen.runs.map(({ method }) => method)).toEqual(['invseg']);
});

it('a photograph of 4000 × 3000 makes a page below 5 MB', async () => {
  const { rgb, width, height } = await decodeImage(file(picture));
  const [w, h] = [4000, 3000];
  const data = new Uint8Array(w * h * 3);
  for (let y = 0, at = 0, grain = 1; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = (Math.floor((y * height) / h) * width + Math.floor((x * width) / w)) * 3;
      grain = (Math.imul(grain, 1664525) + 1013904223) >>> 0; // noise, as of a sensor
      for (let channel = 0; channel < 3; channel++) data[at++] = Math.min(255, rgb[from + channel]! + (grain >>> 28));
    }
  }
  const seen = await explain(
    segmenter,
    { data, width: w, height: h, channels: 3 },
    {
      categories,
      steps: 1,
      methods: ['invseg', 'baseline'],
      points: [[3999, 2999]],
    },
  );
  const files = await renderExplanation(seen, 'photograph.jpg');
  expect(Buffer.byteLength(files[0]!.content)).toBeLessThan(5e6);
  expect(seen.distances!.points).toEqual([{ x: 3999.5 / 4000, y: 2999.5 / 3000 }]);
});

it('ends with the signal, between two looks', async () => {
  const controller = new AbortController();
  const held = openHandles();
  const ended = explain(segmenter, file(picture), {
    categories,
    signal: controller.signal,
    onProgress: (_, { step }) => step === 1 && controller.abort(),
  });
  await expect(ended).rejects.toMatchObject({ code: 'ABORTED' });
  expect(openHandles()).toBe(held);
});
