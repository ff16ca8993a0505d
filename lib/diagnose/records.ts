/** What the journal keeps of a picture. */
import type { MethodOptions } from '../options/index.js';
import type { Run } from './picture.js';
import type { Probe } from './probe.js';

export type Piece =
  /** What a variant's name stands for, once a variant, before its first result. */
  | { id: ''; part: 'options'; key: string; options: MethodOptions }
  | { id: string; part: 'left'; key: ''; reason: string }
  | { id: string; part: 'probe'; key: string; probe: Probe; rows?: Record<number, number> | undefined }
  | { id: string; part: 'baseline' | 'run'; key: string; run: Run };

export const pieceKey = ({ id, part, key }: { id: string; part: string; key: string }): string =>
  `${part}\0${key}\0${id}`;
