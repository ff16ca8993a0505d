import { expect, it } from 'vitest';
import { nearest } from '../../lib/checks/index.js';

it.each([
  ['stesp', 'steps'], // two letters swapped are one edit
  ['Seed', 'seed'],
  ['thresold', 'threshold'],
  ['colour', undefined],
  ['saveMaps', undefined], // half of its letters
  ['x', undefined],
  ['s'.repeat(1e6), undefined],
])('%s means %s', (word, known) => {
  expect(nearest(word, ['seed', 'steps', 'threshold'])).toBe(known);
});
