/**
 * What the model in the package must be able to do, on twelve held-out pictures: the baseline finds the names, right names do
 * better than wrong ones, and the loop brings its loss down. Whether the masks gain by that is for the tables, not for a test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { Segmenter } from '../../lib/index.js';
import type { ClassCounts } from '../../lib/scores/counts.js';
import { countPairs, dense, sumCounts } from '../../lib/scores/counts.js';
import { metricsOf } from '../../lib/scores/metrics.js';
import { makeFolder } from '../diagnose/folder.js';

const PICTURES = 12;
const root = mkdtempSync(path.join(tmpdir(), 'invseg-floor-'));
let segmenter: Segmenter;
let dataset: Dataset;
beforeAll(async () => {
  makeFolder(root, PICTURES);
  dataset = await openDataset({ kind: 'folder', root });
  segmenter = await Segmenter.open({ device: 'cpu' });
});
afterAll(async () => {
  await segmenter.dispose();
  rmSync(root, { recursive: true });
});

/** mIoU of the baseline; `choose` gives the classes to ask for instead of those in the picture. */
async function baseline(choose: (present: number[], picture: number) => number[]): Promise<number> {
  const counts: ClassCounts[] = [];
  for await (const { imagePath, loadMask } of dataset) {
    const { labels } = await loadMask();
    const present = dataset.classes.flatMap((_, label) => (label > 0 && labels.includes(label) ? [label] : []));
    const asked = choose(present, counts.length).map((label) => dataset.classes[label]!.prompt);
    const result = await segmenter.segment(imagePath, { method: 'baseline', categories: asked });
    const labelOf = [...present, 0]; // a wrong name stands in for the right one at its place
    counts.push(
      dense(
        countPairs(
          labels,
          result.labels.map((category) => labelOf[category]!),
          dataset.classes.length,
        ).counts,
        dataset.classes.length,
      ),
    );
  }
  expect(counts).toHaveLength(PICTURES);
  return metricsOf(sumCounts(counts, dataset.classes.length)).mIoU;
}

describe('the model in the package', () => {
  it('finds what is named, and not what is not there', async () => {
    const right = await baseline((present) => present);
    const wrong = await baseline((present, picture) => {
      const absent = dataset.classes.flatMap((_, label) => (label > 0 && !present.includes(label) ? [label] : []));
      return present.map((_, i) => absent[(7 * picture + 5 * i) % absent.length]!);
    });
    expect(right).toBeGreaterThan(0.6);
    expect(right - wrong).toBeGreaterThan(0.2);
  });

  it('brings its loss down', async () => {
    let [before, after] = [0, 0];
    for await (const { imagePath, loadMask } of dataset) {
      const { labels } = await loadMask();
      const categories = dataset.classes
        .filter((_, label) => label > 0 && labels.includes(label))
        .map(({ prompt }) => prompt);
      const { comparison, status } = await segmenter.segment(imagePath, { categories, compareLoss: true });
      expect(status).toBe('completed');
      before += comparison!.before / PICTURES;
      after += comparison!.after / PICTURES;
    }
    expect(before - after).toBeGreaterThan(0.05);
  }, 300_000);
});
