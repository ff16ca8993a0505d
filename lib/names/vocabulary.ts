/** A vocabulary: the classes that names are looked for in, and the words that their texts may use for them. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Field } from '../checks/index.js';
import { nearest, pathText } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { BACKGROUND, cleanName, foldName, MAX_CATEGORIES } from '../text/index.js';
import { readJson } from './json.js';

/** Vocabularies of the package, `models/vocabularies/<name>.json`. */
export const vocabularyNames = Object.freeze(['voc', 'context-alphabetical', 'context-voc-first', 'coco'] as const);
export type VocabularyName = (typeof vocabularyNames)[number];

/** One class of a vocabulary and the words for it. */
export interface VocabularyClass {
  /** As the data set spells it: `tvmonitor`. */
  readonly name: string;
  /** As it stands in a prompt: `tv monitor`. */
  readonly prompt: string;
  /** Other words for it, which a caption may use: `television`. */
  readonly synonyms: readonly string[];
  /** Spellings that lists of names use and captions do not: `toothbrus`. */
  readonly aliases?: readonly string[];
}

/** The classes that names are looked for in, and the words that texts may use for them. */
export interface Vocabulary {
  /** Such as `voc`, for reports. */
  readonly name: string;
  /** In index order, without the background: class i has the label i + 1. */
  readonly classes: readonly VocabularyClass[];
  /** Words that may stand for the background together, their maps merged by maximum; empty where there are none. */
  readonly backgroundWords: readonly string[];
  /** Phrases with a class's word that name something else: a bus stop is no bus. Captions alone know them. */
  readonly ignoredPhrases: readonly string[];
}

const FORMAT = 'invseg-vocabulary/1';
/** The background takes one of the labels. */
const MOST = MAX_CATEGORIES - 1;

/**
 * Reads a vocabulary.
 *
 * @param nameOrPath one of `vocabularyNames`, or a JSON file: a list of classes, or an object with `classes`, each a
 * name or `{ name, prompt, synonyms, aliases }`
 * @returns its classes in index order, at most 254
 * @throws {InvSegError} `INVALID_OPTION`; `NAMES_NOT_FOUND`; `NAMES_INVALID`, its message beginning with file, line
 * and column
 * @example
 * ```ts
 * import { loadVocabulary } from 'invseg-native';
 *
 * const { classes } = await loadVocabulary('voc');
 * console.log(classes.map(({ prompt }) => prompt));
 * ```
 */
export async function loadVocabulary(nameOrPath: string): Promise<Vocabulary> {
  pathText.read(nameOrPath, 'vocabulary');
  const known = vocabularyNames.find((name) => name === nameOrPath);
  if (known === undefined && !existsSync(nameOrPath)) throw notFound(nameOrPath);
  const file =
    known === undefined
      ? nameOrPath
      : fileURLToPath(new URL(`../../models/vocabularies/${known}.json`, import.meta.url));
  return readVocabulary(await readJson(file, 'a vocabulary'));
}

/** @throws {InvSegError} `NAMES_INVALID`, its message beginning with file, line and column */
export function readVocabulary(top: Field): Vocabulary {
  const fallback = path.parse(top.source.file).name;
  if (top.isList) return { name: fallback, classes: readClasses(top), backgroundWords: [], ignoredPhrases: [] };
  top.record('a list of classes, or an object with classes,');
  top.only(['format', 'name', 'title', 'classes', 'backgroundWords', 'ignoredPhrases']);
  const format = top.at('format');
  if (format.present && format.value !== FORMAT) format.expected(JSON.stringify(FORMAT));
  if (top.at('title').present) top.at('title').text();
  const name = top.at('name');
  const classes = readClasses(top.at('classes'));
  return {
    name: name.present ? nameAt(name) : fallback,
    classes,
    backgroundWords: readOthers(
      top.at('backgroundWords'),
      classes.flatMap(({ name, prompt }) => [name, prompt]),
    ),
    ignoredPhrases: readOthers(
      top.at('ignoredPhrases'),
      classes.flatMap(({ name, prompt, synonyms }) => [name, prompt, ...synonyms]),
    ),
  };
}

function readClasses(list: Field): VocabularyClass[] {
  const entries = list.list('a list of classes');
  if (entries.length === 0) list.expected('at least one class');
  if (entries.length > MOST) list.error(`expected at most ${MOST} classes but found ${entries.length}`);
  // Spelling → place of its first use, so that no word stands for two classes.
  const places = new Map<string, { index: number; place: string }>();
  return entries.map((entry, index) => {
    const own = entry.isRecord ? readRecord(entry) : bare(entry);
    for (const [spelling, field] of own.spellings) {
      const key = foldName(spelling);
      if (key === BACKGROUND) field.error('background is added by itself and not listed; take it out');
      const earlier = places.get(key);
      if (earlier && earlier.index !== index) {
        field.error(`expected words that no other class has but ${JSON.stringify(spelling)} is ${earlier.place} too`);
      }
      places.set(key, { index, place: field.place });
    }
    return own.entry;
  });
}

/** A class, and each of its spellings with its place. */
interface Read {
  entry: VocabularyClass;
  spellings: [string, Field][];
}

function bare(field: Field): Read {
  field.text('a name, or an object with name,');
  const name = nameAt(field);
  return { entry: { name, prompt: name, synonyms: [] }, spellings: [[name, field]] };
}

function readRecord(entry: Field): Read {
  entry.only(['name', 'prompt', 'synonyms', 'aliases']);
  const name = nameAt(entry.at('name'));
  const prompt = entry.at('prompt').present ? nameAt(entry.at('prompt')) : name;
  const spellings: Read['spellings'] = [
    [name, entry.at('name')],
    [prompt, entry.at('prompt')],
  ];
  const words = (key: string): string[] =>
    entry
      .at(key)
      .items()
      .map((field) => {
        const word = nameAt(field);
        spellings.push([word, field]);
        return word;
      });
  const synonyms = words('synonyms');
  const aliases = words('aliases');
  return { entry: { name, prompt, synonyms, ...(aliases.length > 0 && { aliases }) }, spellings };
}

/** Words that must not be among those of the classes. */
function readOthers(list: Field, taken: readonly string[]): string[] {
  const keys = new Set(taken.map(foldName));
  return list.items().map((field) => {
    const word = nameAt(field);
    if (keys.has(foldName(word)))
      field.error(`expected a word that is not a class, but ${JSON.stringify(word)} is one`);
    return word;
  });
}

function nameAt(field: Field): string {
  field.text('a name');
  return field.check(cleanName);
}

function notFound(wanted: string): InvSegError {
  const guess = /[./\\]/.test(wanted) ? undefined : nearest(wanted, vocabularyNames);
  const hint = guess === undefined ? '' : `; did you mean ${guess}?`;
  return new InvSegError(
    'NAMES_NOT_FOUND',
    `Expected ${vocabularyNames.join(', ')} or a JSON file for vocabulary but there is no file ${JSON.stringify(wanted)}${hint}`,
  );
}
