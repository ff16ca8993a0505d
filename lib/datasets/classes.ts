/** Names of the classes: of a folder's own file, or of a vocabulary. Index 0 is always the background. */
import { readFile } from 'node:fs/promises';
import { InvSegError } from '../errors.js';
import { JsonReader } from '../models/reader.js';
import type { Root } from './places.js';
import type { ClassNames } from './types.js';

export const BACKGROUND: ClassNames = { name: 'background', prompt: 'background', synonyms: [] };
/** 0 is the background, 255 is ignored. */
const MOST = 254;

/**
 * `classes.json` or `classes.txt`, after the background.
 * @throws {InvSegError} `DATASET_NOT_FOUND` without either; `DATASET_INVALID` for what is no list of names
 */
export async function readClasses(root: Root): Promise<ClassNames[]> {
  for (const [name, parse] of [['classes.json', parseJson], ['classes.txt', parseLines]] as const) {
    if (!(await root.has(name))) continue;
    const file = root.at(name);
    const text = (await root.read('DATASET_NOT_FOUND', name)).toString('utf8').replace(/^\uFEFF/, '');
    return checked(parse(text, file), file);
  }
  throw new InvSegError(
    'DATASET_NOT_FOUND',
    `${root.at('classes.json')}: there is no such file, and no classes.txt; it lists the names of the labels 1, 2, …`,
  );
}

/** The classes of `models/vocabularies/<name>.json`, after the background. */
export async function vocabularyClasses(name: string): Promise<ClassNames[]> {
  const file = new URL(`../../models/vocabularies/${name}.json`, import.meta.url);
  const { classes } = JSON.parse(await readFile(file, 'utf8')) as { classes: ClassNames[] };
  return [BACKGROUND, ...classes];
}

function parseLines(text: string): ClassNames[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '').map(plain);
}

function parseJson(text: string, file: string): ClassNames[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvSegError('DATASET_INVALID', `${file}: it is not JSON (${(cause as Error).message})`, { cause });
  }
  return new JsonReader(value, file, '', 'DATASET_INVALID').list().map((entry) => {
    if (typeof entry.value === 'string') return plain(entry.text());
    const name = entry.at('name').text();
    const prompt = entry.at('prompt');
    const synonyms = entry.at('synonyms');
    return {
      name,
      prompt: prompt.present ? prompt.text() : name,
      synonyms: synonyms.present ? synonyms.list().map((synonym) => synonym.text()) : [],
    };
  });
}

const plain = (name: string): ClassNames => ({ name, prompt: name, synonyms: [] });

function checked(classes: ClassNames[], file: string): ClassNames[] {
  const fail = (why: string): never => {
    throw new InvSegError('DATASET_INVALID', `${file}: ${why}`);
  };
  if (classes.length === 0) fail('it names no class');
  if (classes.length > MOST) fail(`it names ${classes.length} classes; labels have room for ${MOST}`);
  const seen = new Set<string>();
  for (const { name } of classes) {
    if (name.toLowerCase() === BACKGROUND.name) fail('background is label 0 and not listed; take it out');
    if (seen.has(name)) fail(`${JSON.stringify(name)} is there twice`);
    seen.add(name);
  }
  return [BACKGROUND, ...classes];
}
