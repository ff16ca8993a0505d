/** The classes that the mask shows, without background and ignored pixels: what a perfect source would say. */

import { InvSegError } from '../errors.js';
import { IGNORED } from '../labels/index.js';
import type { NameSource } from './types.js';
import type { Vocabulary } from './vocabulary.js';

/** @param hasBackground whether label 0 is the background (and class 0 has label 1), or class 0 itself */
export function groundTruthNames(vocabulary: Vocabulary, hasBackground = true): NameSource {
  const { classes } = vocabulary;
  const first = hasBackground ? 1 : 0;
  return {
    description: `classes of the ground truth, vocabulary ${vocabulary.name}`,
    async namesFor(item) {
      if (!item.loadMask) {
        throw new InvSegError(
          'MASK_NOT_FOUND',
          `${item.imagePath}: there is no mask; names of the ground truth need a data set`,
        );
      }
      const { labels } = await item.loadMask();
      const seen = new Uint8Array(256);
      for (const label of labels) seen[label] = 1;
      const names: string[] = [];
      for (let label = first; label < IGNORED; label++) {
        if (seen[label] === 0) continue;
        const entry = classes[label - first];
        if (!entry) {
          const last = classes.length - 1 + first;
          throw new InvSegError(
            'MASK_INVALID',
            `${item.imagePath}: the mask has the label ${label}; vocabulary ${vocabulary.name} ends at ${last}`,
          );
        }
        names.push(entry.prompt);
      }
      return { names, origin: 'ground-truth', warnings: [] };
    },
  };
}
