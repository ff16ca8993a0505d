/** What earlier calls have counted, for who wants to know how much is left. */
import { InvSegError } from '../errors.js';
import { journalOf } from '../evaluation/index.js';
import { readJournal } from '../journal/index.js';

/** @param folder of a run @returns pictures in its journal, those that were left out not among them; 0 where there is none */
export async function countDone(folder: string): Promise<number> {
  const ids = new Set<unknown>();
  try {
    for await (const entry of readJournal(journalOf(folder)))
      if ('record' in entry && !('skipped' in entry.record)) ids.add(entry.record['id']);
  } catch (error) {
    // No journal yet; a damaged one is said by the run itself.
    if (!(error instanceof InvSegError)) throw error;
  }
  return ids.size;
}
