/** The classes that the truth shows: the upper bound that the other sources are compared with. */
import type { Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { NameSource } from './source.js';

/** @param dataset whose labels the masks have */
export function groundTruthNames({ classes, hasBackground }: Pick<Dataset, 'classes' | 'hasBackground'>): NameSource {
  return {
    description: 'ground-truth: the classes in the mask',
    namesOf({ id, mask }) {
      if (mask === undefined) {
        return Promise.reject(new InvSegError('MASK_NOT_FOUND', `${id}: its names are to come from its mask, and it has none`));
      }
      const seen = new Uint8Array(256);
      for (const label of mask.labels) seen[label] = 1;
      // 255 is no index of a class, so that what is ignored drops out by itself.
      const names = classes.flatMap(({ prompt }, label) =>
        seen[label] === 1 && !(hasBackground && label === 0) ? [prompt] : [],
      );
      return Promise.resolve({ names, origin: 'ground-truth', warnings: [] });
    },
  };
}
