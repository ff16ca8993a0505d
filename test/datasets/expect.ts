/** What all readers must give: the pictures and labels that the fixtures' generator says. */
import { expect } from 'vitest';
import type { Dataset } from '../../lib/datasets/index.js';
import type { Expected } from '../../scripts/datasets/fixtures.mjs';

/** @param labelsOf what the labels should be, where they are not the generator's own */
export async function expectItems(
  dataset: Dataset,
  expected: readonly Expected[],
  labelsOf = ({ labels }: Expected) => labels,
): Promise<void> {
  expect(dataset.ids).toEqual(expected.map(({ id }) => id));
  let i = 0;
  for await (const item of dataset) {
    const wanted = expected[i++]!;
    const { width, height } = wanted;
    expect(item).toMatchObject({ id: wanted.id, size: { width, height } });
    const mask = await item.loadMask();
    expect(mask).toMatchObject({ width, height });
    expect(Buffer.compare(mask.labels, labelsOf(wanted)), `labels of ${item.id}`).toBe(0);
  }
  expect(i).toBe(expected.length);
}

/** The background ignored, the other labels one down. */
export const withoutBackground = ({ labels }: Expected): Uint8Array =>
  labels.map((label) => (label === 0 || label === 255 ? 255 : label - 1));
