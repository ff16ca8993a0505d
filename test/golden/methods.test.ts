/** Every method on the miniature, from picture and names to labels: the addon in float32 against the float64 reference. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../lib/image/decode.js';
import { methods } from '../../lib/methods/index.js';
import type { SegmenterParts } from '../../lib/methods/model.js';
import type { MethodOverrides } from '../../lib/options/index.js';
import { resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';
import { Random } from '../../lib/random.js';
import { openParts } from '../../lib/segmenter/open.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { ROOT, runReference } from './reference.js';
import { openGolden } from './setup.js';

const FOLDER = path.join(ROOT, 'test', 'fixtures', 'pictures');
const PICTURES = [0, 2, 3];

interface Setting {
  name: string;
  overrides: MethodOverrides;
  /** False: called without categories. */
  named?: false;
  /** What the reference is told, by hand: nothing of it is read from the library's options. */
  reference: Record<string, unknown>;
}

const iseg = {
  method: 'iseg',
  timestep: 100,
  self: { 32: 1 },
  cross: { 16: 0.3, 8: 0.7 },
  crossScale: 'sum',
  wordWeight: 1.6,
  clusters: 6,
  clusterIterations: 20,
  rescale: true,
  // The miniature has one layer at 16 on the way down where iSeg reads the second of two, and one head at 32.
  crossLayers: [
    'up_blocks.2.attentions.0',
    'up_blocks.2.attentions.1',
    'down_blocks.2.attentions.0',
    'up_blocks.1.attentions.0',
    'up_blocks.1.attentions.1',
  ],
  selfLayers: ['up_blocks.3.attentions.1'],
};
const proportional = { 32: 32 / 60, 16: 16 / 60, 8: 8 / 60, 4: 4 / 60 };
const diffseg = {
  method: 'diffseg',
  timestep: 300,
  silent: true,
  self: proportional,
  cross: { 32: 1, 16: 1 },
  anchors: 16,
  tau: 1,
  rounds: 3,
};
const baseline = { method: 'baseline', timestep: 50, self: { 32: 1 }, cross: { 32: 1, 16: 1 } };
const diffsegmenter = {
  method: 'diffsegmenter',
  timestep: 100,
  self: { 32: 1 },
  cross: { 4: 0.3, 8: 0.5, 16: 0.1, 32: 0.1 },
  crossScale: 'min-max',
  wordWeight: 1.21,
  rule: 'threshold',
  threshold: 0.5,
  rescale: true,
};

const SETTINGS: Setting[] = [
  { name: 'diffsegmenter', overrides: { preset: 'diffsegmenter-paper' }, reference: diffsegmenter },
  {
    name: 'diffsegmenter-miniature',
    overrides: { method: 'diffsegmenter' },
    reference: {
      ...diffsegmenter,
      timestep: 50,
      cross: { 32: 1, 16: 1 },
      crossScale: 'none',
      wordWeight: 1,
      threshold: 0.8,
    },
  },
  {
    name: 'diffsegmenter-caption',
    overrides: {
      preset: 'diffsegmenter-paper',
      prompt: { caption: 'in a room', wordWeight: 1 },
      background: { threshold: 0.35 },
    },
    reference: { ...diffsegmenter, wordWeight: 1, threshold: 0.35 },
  },
  {
    name: 'diffseg',
    overrides: { preset: 'diffseg-paper', diffseg: { threshold: 0.3 } },
    named: false,
    reference: { ...diffseg, tau: 0.3 },
  },
  {
    name: 'diffseg-named',
    overrides: { preset: 'diffseg-paper', diffseg: { threshold: 0.4 } },
    reference: { ...diffseg, tau: 0.4 },
  },
  {
    name: 'diffseg-miniature',
    overrides: { method: 'diffseg' },
    reference: { ...diffseg, self: { 32: 1 }, tau: 0.15 },
  },
  {
    name: 'iseg-voc',
    overrides: { preset: 'iseg-voc' },
    reference: { ...iseg, rule: 'complement', refine: { iterations: 8, entropyReduction: 0.015 } },
  },
  {
    name: 'iseg-coco',
    overrides: { preset: 'iseg-coco' },
    reference: { ...iseg, rule: 'threshold', threshold: 0.45, refine: { iterations: 10, entropyReduction: 0.2 } },
  },
  {
    name: 'baseline-refined',
    overrides: { method: 'baseline', attention: { refine: { iterations: 5, entropyReduction: 0.002 } } },
    reference: { ...baseline, refine: { iterations: 5, entropyReduction: 0.002 } },
  },
  {
    name: 'baseline-words',
    overrides: { method: 'baseline', background: { rule: 'words', words: ['grass', 'sky', 'wall'] } },
    reference: baseline,
  },
  {
    name: 'baseline-complement',
    overrides: { method: 'baseline', background: { rule: 'complement' } },
    reference: { ...baseline, rule: 'complement' },
  },
];

interface Picture {
  file: string;
  categories: string[];
}

/** Span i as [first, count]; several of them where the words of the background make one category. */
function spansOf({ spans, groups }: { spans: Int32Array; groups: Int32Array }): unknown[] {
  const members: number[][][] = [];
  groups.forEach((group, i) => (members[group] ??= []).push([...spans.subarray(3 * i + 1, 3 * i + 3)]));
  return members.map((list) => (list.length === 1 ? list[0] : list));
}

const golden = openGolden();
const title = 'methods against the reference';

describe.skipIf(typeof golden === 'string')(
  typeof golden === 'string' ? `${title} (skipped: ${golden})` : title,
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-methods-'));
    const index = JSON.parse(readFileSync(path.join(FOLDER, 'names.json'), 'utf8')) as {
      pictures: { picture: string; categories: string[] }[];
    };
    const pictures: Picture[] = PICTURES.map((i) => index.pictures[i]!).map(({ picture, categories }) => ({
      file: path.join(FOLDER, picture),
      categories,
    }));
    const found = new Map<string, Uint8Array>();
    let parts: SegmenterParts;

    beforeAll(async () => {
      parts = await openParts(resolveEngineOptions({ device: 'cpu', dtype: 'float32' }));
      const segmenter = Segmenter.of(parts);
      const cases: unknown[] = [];
      for (const [p, picture] of pictures.entries()) {
        const { rgb, width, height } = await decodeImage(picture.file);
        const file = path.join(folder, `${p}.rgb`);
        writeFileSync(file, rgb);
        for (const { name, overrides, named = true, reference } of SETTINGS) {
          const seed = 5 + p;
          const categories = named ? picture.categories : undefined;
          const { labels } = await segmenter.segment(picture.file, { ...overrides, seed, categories });
          found.set(`${name}-${p}`, labels);
          const options = resolveOptions(overrides, parts.model.methods);
          const { prompts: layout, needsNames } = methods[options.method];
          const prompts = parts.buildPrompts(categories, {
            ...options.prompt,
            background: options.background,
            layout,
            needsNames,
          });
          const { silent, ...rest } = reference;
          const ids = Array.from({ length: prompts.count }, (_, i) => [
            ...prompts.ids.subarray(i * prompts.length, (i + 1) * prompts.length),
          ]);
          cases.push({
            ...rest,
            name: `${name}-${p}`,
            picture: { file, width, height },
            ids,
            spans: spansOf(prompts),
            empty: [...prompts.empty],
            noiseSeed: silent ? null : new Random(seed).seed(),
          });
        }
      }
      const request = path.join(folder, 'request.json');
      writeFileSync(request, JSON.stringify({ bundle: parts.model.folder, cases }));
      if (typeof golden !== 'string')
        await runReference(golden.python, 'methods_case.py', ['--request', request, '--out', folder]);
    }, 600_000);

    afterAll(async () => {
      await parts?.engine.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(SETTINGS)('$name', ({ name }) => {
      const shares = pictures.map((_, p) => {
        const wanted = readFileSync(path.join(folder, `${name}-${p}.u8`));
        const labels = found.get(`${name}-${p}`)!;
        expect(labels.length).toBe(wanted.length);
        return labels.reduce((sum, label, i) => sum + Number(label === wanted[i]), 0) / wanted.length;
      });
      const kinds = pictures.map((_, p) => new Set(found.get(`${name}-${p}`)).size);
      console.log(
        `${name}: equal labels ${shares.map((share) => `${(100 * share).toFixed(3)} %`).join(', ')}; labels used ${kinds.join(', ')}`,
      );
      for (const share of shares) expect(share).toBeGreaterThanOrEqual(0.999);
      expect(Math.max(...kinds)).toBeGreaterThan(1); // a picture of one label would agree by itself
    });
  },
);
