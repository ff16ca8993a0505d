/** Every method finds something on the model in the package: with the model's settings, which `--preset` takes back. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../lib/api/datasets.js';
import { evaluate } from '../../lib/api/evaluation.js';
import type { MethodOverrides } from '../../lib/index.js';
import { Segmenter } from '../../lib/index.js';
import { pictures } from './model.js';

// Drawings that neither the training nor the choice of the settings saw.
const root = fileURLToPath(new URL('../../models/miniature-pictures', import.meta.url));
const SAMPLE = 12;

let segmenter: Segmenter;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-methods-'));
  segmenter = await Segmenter.open({ device: 'cpu' });
}, 120_000);
afterAll(async () => {
  await segmenter.dispose();
  rmSync(folder, { recursive: true });
});

/** mIoU in percent. */
async function score(name: string, options: MethodOverrides): Promise<number> {
  const dataset = await openDataset({ kind: 'folder', root });
  const { mIoU } = await evaluate({ segmenter, dataset, out: path.join(folder, name), options, sample: SAMPLE });
  return 100 * (mIoU ?? 0);
}

describe('on held-out pictures', () => {
  it.each(['diffsegmenter', 'diffseg'] as const)(
    "%s finds its way with the model's settings, not with its author's",
    async (method) => {
      const own = await score(method, { method });
      const authors = await score(`${method}-paper`, { preset: `${method}-paper` });
      console.log(`${method}: mIoU ${own.toFixed(1)}, with its author's settings ${authors.toFixed(1)}`);
      expect(own).toBeGreaterThan(authors + 15);
      expect(own).toBeGreaterThan(50);
    },
    300_000,
  );
});

describe('a picture of the package', () => {
  const [{ file, categories }] = pictures as [(typeof pictures)[0]];

  it('falls into several segments without names', async () => {
    const { segments } = await segmenter.segment(file, { method: 'diffseg' });
    expect(segments.length).toBeGreaterThan(1);
  });

  it('is segmented in silence with names that the model knows', async () => {
    expect((await segmenter.segment(file, { method: 'baseline', categories })).warnings).toEqual([]);
  });

  it('brings a warning with names that it does not know, whatever their scores', async () => {
    const { unknownNames, warnings } = await segmenter.segment(file, {
      method: 'baseline',
      categories: ['unicorn', 'laptop', 'cat', 'zebra'],
    });
    expect(unknownNames).toEqual(['unicorn', 'laptop', 'zebra']);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The model miniature was not taught names that you gave: "unicorn", "laptop", "zebra"; .* It knows airplane, /,
      ),
    ]);
  });

  it("knows VOC's spellings", () => {
    const names = new Set(segmenter.info.model.names);
    for (const name of ['tv monitor', 'tvmonitor', 'aeroplane', 'diningtable', 'pottedplant', 'background', 'grass'])
      expect(names).toContain(name);
  });
});
