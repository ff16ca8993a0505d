/** What the journal keeps of a picture. */
import { emptyCounts } from '../evaluation/index.js';
import type { ClassCounts } from '../evaluation/index.js';
import type { Run } from './picture.js';
import type { Probe } from './probe.js';

/** [class, hit, truth, predicted] of the classes that occur. */
export type SparseCounts = [number, number, number, number][];

export type Piece =
  | { id: string; part: 'left'; key: ''; reason: string }
  | { id: string; part: 'probe'; key: string; probe: Probe; rows?: Record<number, number> | undefined }
  | { id: string; part: 'baseline' | 'run'; key: string; run: Run };

export const pieceKey = ({ id, part, key }: { id: string; part: string; key: string }): string => `${part}\0${key}\0${id}`;

export function sparse({ hit, truth, predicted }: ClassCounts): SparseCounts {
  const classes = Array.from(truth, (_, c): [number, number, number, number] => [c, hit[c]!, truth[c]!, predicted[c]!]);
  return classes.filter(([, , labelled, guessed]) => labelled > 0 || guessed > 0);
}

export function dense(counts: SparseCounts, classes: number): ClassCounts {
  const out = emptyCounts(classes);
  for (const [c, hit, truth, predicted] of counts) {
    out.hit[c] = hit;
    out.truth[c] = truth;
    out.predicted[c] = predicted;
  }
  return out;
}
