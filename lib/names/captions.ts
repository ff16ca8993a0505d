/** Class names that a picture's captions use. */
import path from 'node:path';
import type { Field } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { digestOf, readJson } from './json.js';
import { addOnce, imageKey } from './keys.js';
import { NameMatcher } from './matcher.js';
import type { FoundNames, NameSource } from './types.js';
import type { Vocabulary } from './vocabulary.js';

/** Captions of one picture are apart from each other: no phrase reaches from one into the next. */
const BETWEEN = ' . ';
/** Characters of all captions of a picture; five of COCO's have some 300. */
const MOST = 100_000;

/**
 * @param file `{ "id": "caption" }` (or a list of captions), or COCO's captions with `images` and `annotations`
 * @throws {InvSegError} `NAMES_NOT_FOUND`, `NAMES_INVALID`
 */
export async function captionNames(file: string, vocabulary: Vocabulary): Promise<NameSource> {
  const json = await readJson(file, 'captions');
  const captions = parseCaptions(json);
  const matcher = new NameMatcher(vocabulary);
  return {
    description: `captions of ${path.basename(file)} (${captions.size} pictures, ${digestOf(json)}), vocabulary ${vocabulary.name}`,
    knows: (id) => captions.has(imageKey(id)),
    async namesFor({ id }): Promise<FoundNames> {
      const caption = captions.get(imageKey(id));
      if (caption === undefined)
        throw new InvSegError('NAMES_NOT_FOUND', `${file}: there is no caption for ${JSON.stringify(id)}`);
      const names = matcher.classesIn(caption).map((index) => vocabulary.classes[index]!.prompt);
      return { names, origin: 'captions', warnings: caption.trim() === '' ? [`The caption of ${id} is empty`] : [] };
    },
  };
}

/** @returns key of the picture → its captions, joined @throws {InvSegError} `NAMES_INVALID` */
export function parseCaptions(top: Field): Map<string, string> {
  const captions = top.record('an object with captions').annotations === undefined ? readPlain(top) : readCoco(top);
  if (captions.size === 0) top.error('expected captions but found none');
  for (const [key, text] of captions) {
    if (text.length > MOST)
      top.error(
        `expected captions of at most ${MOST} characters but those of ${JSON.stringify(key.slice(0, 80))} have ${text.length}`,
      );
  }
  return captions;
}

function readPlain(top: Field): Map<string, string> {
  const captions = new Map<string, string>();
  for (const [key, entry] of top.entries()) {
    const text = entry.isList
      ? entry
          .list()
          .map((one) => one.text())
          .join(BETWEEN)
      : entry.text('a caption, or a list of them,');
    addOnce(captions, key, text, entry);
  }
  return captions;
}

/** COCO: all captions of a picture (five, as a rule) joined in the order of the file. */
function readCoco(top: Field): Map<string, string> {
  const files = new Map<number, string>();
  const lists = new Map<string, string[]>();
  const images = top.at('images');
  for (const image of images.items()) {
    const key = image.at('file_name').text('the name of a file');
    files.set(imageId(image.at('id')), imageKey(key));
    addOnce(lists, key, [], image);
  }
  for (const annotation of top.at('annotations').list()) {
    const at = annotation.at('image_id');
    const id = imageId(at);
    const caption = annotation.at('caption').text('a caption');
    const key = files.get(id);
    if (key === undefined && images.present) at.error(`expected the id of one of the images but found ${id}`);
    const list = lists.get(key ?? String(id));
    if (list) list.push(caption);
    else lists.set(String(id), [caption]);
  }
  return new Map([...lists].map(([key, list]) => [key, list.join(BETWEEN)]));
}

function imageId(at: Field): number {
  if (!Number.isInteger(at.value)) at.expected('a number of an image');
  return at.value as number;
}
