/** Names of the classes of a folder: a vocabulary of its own. */
import { InvSegError } from '../errors.js';
import type { Vocabulary } from '../names/index.js';
import { parseJson, readVocabulary } from '../names/index.js';
import type { Root } from './places.js';

/**
 * A folder's `classes.json` (any vocabulary), or `classes.txt` with one name a line.
 * @throws {InvSegError} `DATASET_NOT_FOUND` without either; `NAMES_INVALID`, its message beginning with file and line
 */
export async function readVocabularyOf(root: Root): Promise<Vocabulary> {
  for (const name of ['classes.json', 'classes.txt']) {
    if (!(await root.has(name))) continue;
    const text = await root.readText('DATASET_NOT_FOUND', 'NAMES_INVALID', name);
    const json = name.endsWith('.txt') ? linesAsJson(text) : text;
    return readVocabulary(parseJson(json, root.at(name)));
  }
  throw new InvSegError(
    'DATASET_NOT_FOUND',
    `${root.at('classes.json')}: there is no such file, and no classes.txt; it lists the names of the labels 1, 2, …`,
  );
}

/** A list of texts, each on the line where its name is, so that errors name the line. */
function linesAsJson(text: string): string {
  let before = '';
  const lines = text.split('\n').map((line) => {
    const name = line.trim();
    if (name === '') return '';
    const entry = before + JSON.stringify(name);
    before = ',';
    return entry;
  });
  return `[${lines.join('\n')}]`;
}
