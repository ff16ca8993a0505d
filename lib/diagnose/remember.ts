/** A journal's results belong to names of variants; what a name stands for is in the journal too, and may not change. */
import { InvSegError } from '../errors.js';
import { differences } from '../journal/index.js';
import type { Plan } from './plan.js';
import type { Piece } from './records.js';
import { pieceKey } from './records.js';

/** Resolved options of one variant: what a later version of the program has as its defaults must not mix with what is there. */
type OptionsPiece = Extract<Piece, { part: 'options' }>;

/**
 * @returns what the journal does not know yet
 * @throws {InvSegError} `INVALID_OPTION` where a name stood for other options, naming each
 */
export function optionsToKeep(plans: readonly Plan[], pieces: ReadonlyMap<string, Piece>): OptionsPiece[] {
  return plans.flatMap(({ variant, options }): OptionsPiece[] => {
    const ours: OptionsPiece = { id: '', part: 'options', key: variant.name, options };
    const theirs = pieces.get(pieceKey(ours));
    if (theirs?.part !== 'options') return [ours];
    const found = differences({ ...theirs.options }, { ...options });
    if (found.length === 0) return [];
    const lines = found.map(({ key, there, here }) => `  ${key}: ${there} there, ${here} now`);
    throw new InvSegError(
      'INVALID_OPTION',
      `The journal has results of the variant "${variant.name}" with other options. Use them again, or another name or folder\n${lines.join('\n')}`,
    );
  });
}
