/** Names of the classes: of a folder's own file, or of a vocabulary of the package. Index 0 is always the background. */
import { InvSegError } from '../errors.js';
import { parseJson } from '../names/json.js';
import { loadVocabulary, readVocabulary } from '../names/vocabulary.js';
import { BACKGROUND } from '../text/index.js';
import type { Root } from './places.js';
import type { ClassNames } from './types.js';

const background: ClassNames = { name: BACKGROUND, prompt: BACKGROUND, synonyms: [] };

/**
 * The classes of `models/vocabularies/<name>.json` or of a file like it, after the background.
 * @throws {InvSegError} `NAMES_NOT_FOUND`, `NAMES_INVALID`
 */
export async function vocabularyClasses(name: string): Promise<ClassNames[]> {
  return [background, ...(await loadVocabulary(name)).classes];
}

/**
 * A folder's `classes.json`, or `classes.txt` with one name a line, after the background.
 * @throws {InvSegError} `DATASET_NOT_FOUND` without either; `NAMES_INVALID`, its message beginning with file and line
 */
export async function readClasses(root: Root): Promise<ClassNames[]> {
  for (const name of ['classes.json', 'classes.txt']) {
    if (!(await root.has(name))) continue;
    const text = (await root.read('DATASET_NOT_FOUND', name)).toString('utf8').replace(/^\uFEFF/, '');
    const json = name.endsWith('.txt') ? linesAsJson(text) : text;
    return [background, ...readVocabulary(parseJson(json, root.at(name))).classes];
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
