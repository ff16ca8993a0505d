/**
 * `instances_*.json`, indexed: one pass over the file keeps for every picture its name and size, and for every annotation
 * its place in the file (16 bytes); polygons are read again when the picture's turn comes.
 */
import path from 'node:path';
import { Field, integer, show, someText } from '../../checks/index.js';
import type { ErrorCode } from '../../errors.js';
import { InvSegError } from '../../errors.js';
import { openFile } from '../../system/index.js';
import type { IdList } from '../lists.js';
import { isFileName } from '../options.js';
import type { Size } from '../png-chunks.js';
import { readAnnotation } from './annotation.js';
import { COCO_IDS } from './categories.js';
import type { Element } from './elements.js';
import { parseElement, readElements } from './elements.js';
import type { PaintedObject } from './paint.js';
import { MOST_CROSSINGS } from './polygon.js';

interface Picture extends Size {
  fileName: string;
  /** `id` of the JSON. */
  key: number;
  /** Numbers of its annotations, in the file's order. */
  annotations: number[];
}

export class InstancesFile {
  readonly list: IdList;
  /** In all pictures, taken or not. */
  readonly annotationCount: number;
  readonly #file: string;
  readonly #pictures: ReadonlyMap<string, Picture>;
  readonly #offsets: Float64Array;
  readonly #lengths: Float64Array;

  private constructor(
    file: string,
    list: IdList,
    pictures: ReadonlyMap<string, Picture>,
    offsets: number[],
    lengths: number[],
  ) {
    this.list = list;
    this.#file = file;
    this.#pictures = pictures;
    this.#offsets = Float64Array.from(offsets);
    this.#lengths = Float64Array.from(lengths);
    this.annotationCount = offsets.length;
  }

  /** @throws {InvSegError} `DATASET_NOT_FOUND`, `DATASET_INVALID` */
  static async open(file: string): Promise<InstancesFile> {
    const byKey = new Map<number, Picture>();
    const categories: unknown[] = [];
    const [owners, offsets, lengths]: number[][] = [[], [], []];
    await readElements(file, ['images', 'annotations', 'categories'], ({ key, value, offset, length }) => {
      if (key === 'categories') categories.push(value['id']);
      else if (key === 'images') addPicture(byKey, value, file);
      else {
        const source = { file: `${file}: annotation at byte ${offset}`, code: 'DATASET_INVALID' } as const;
        owners!.push(new Field(value, source).at('image_id').read(integer(0)));
        offsets!.push(offset);
        lengths!.push(length);
      }
    });
    checkCategories(categories, file);
    for (const [i, owner] of owners!.entries()) {
      const picture = byKey.get(owner);
      if (!picture)
        throw invalid(
          file,
          `the annotation at byte ${offsets![i]} is of the image ${owner}, which is not among the images`,
        );
      picture.annotations.push(i);
    }
    const { list, pictures } = byId([...byKey.values()], file);
    return new InstancesFile(file, list, pictures, offsets!, lengths!);
  }

  picture(id: string): Readonly<Picture> {
    return this.#pictures.get(id)!;
  }

  /** @throws {InvSegError} `DATASET_INVALID` naming file and annotation */
  async objects(id: string): Promise<PaintedObject[]> {
    const picture = this.picture(id);
    if (picture.annotations.length === 0) return [];
    const { handle } = await openFile(this.#file);
    try {
      const objects: PaintedObject[] = [];
      const budget = { crossings: MOST_CROSSINGS };
      for (const index of picture.annotations) {
        const bytes = Buffer.allocUnsafe(this.#lengths[index]!);
        await handle.read(bytes, 0, bytes.length, this.#offsets[index]!);
        const value = parseElement(bytes, this.#file, this.#offsets[index]!);
        if (value['image_id'] !== picture.key) throw invalid(this.#file, 'it was changed after it was opened');
        objects.push(readAnnotation(value, picture, `${this.#file}: annotation ${show(value['id'])}`, budget));
      }
      return objects;
    } finally {
      await handle.close();
    }
  }
}

function addPicture(byKey: Map<number, Picture>, value: Element['value'], file: string): void {
  const image = new Field(value, { file, code: 'DATASET_INVALID' }, ['image']);
  const key = image.at('id').read(integer(0));
  if (byKey.has(key)) throw invalid(file, `two images have the id ${key}`);
  const fileName = image.at('file_name').read(someText);
  if (!isFileName(fileName))
    throw invalid(file, `image ${key} has the file_name ${JSON.stringify(fileName)}; expected a name without folders`);
  byKey.set(key, {
    fileName,
    key,
    width: image.at('width').read(integer(1)),
    height: image.at('height').read(integer(1)),
    annotations: [],
  });
}

/** Pictures by the stem of their name, in its order, which is also the order of a folder. */
function byId(all: Picture[], file: string): { list: IdList; pictures: Map<string, Picture> } {
  if (all.length === 0) throw invalid(file, 'it lists no images');
  const pictures = new Map<string, Picture>();
  const problems: IdList['problems'] = [];
  for (const picture of all) {
    const id = path.parse(picture.fileName).name;
    if (!pictures.has(id)) pictures.set(id, picture);
    else
      problems.push({
        id,
        code: 'DATASET_INVALID' satisfies ErrorCode,
        message: `${file}: the image ${picture.fileName} is there twice`,
      });
  }
  return { list: { ids: [...pictures.keys()].sort(), problems }, pictures };
}

function checkCategories(ids: unknown[], file: string): void {
  const wrong = [
    ...ids.filter((id) => !COCO_IDS.includes(id as number)),
    ...COCO_IDS.filter((id) => !ids.includes(id)),
  ];
  if (wrong.length === 0) return;
  throw invalid(
    file,
    `its categories are not COCO's 80 (the first that differs has the id ${show(wrong[0])}); ` +
      'other classes fit the kind folder',
  );
}

function invalid(file: string, why: string): InvSegError {
  return new InvSegError('DATASET_INVALID', `${file}: ${why}`);
}
