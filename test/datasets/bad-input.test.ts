/** Everything that may be wrong with a data set: an error that names the file, or, on demand, a picture that is skipped and counted. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decode, encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset, DatasetOptions } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { writeFolder } from '../../scripts/datasets/fixtures.mjs';

let top: string;
let root: string;
let ids: string[];
const at = (...parts: string[]): string => path.join(root, ...parts);
beforeEach(async () => {
  top = realpathSync(mkdtempSync(path.join(tmpdir(), 'invseg-bad-')));
  root = path.join(top, 'data');
  ids = (await writeFolder(root, { count: 4 })).map(({ id }) => id);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const open = (options: Partial<DatasetOptions> = {}) => openDataset({ kind: 'folder', root, ...options });
const list = (text: string): void => {
  mkdirSync(at('lists'), { recursive: true });
  writeFileSync(at('lists', 'val.txt'), text);
};

/** Ids whose masks could be read; problems as the data set's option says. */
async function readAll(dataset: Dataset): Promise<string[]> {
  const read: string[] = [];
  for await (const item of dataset) {
    try {
      await item.loadMask();
      read.push(item.id);
    } catch (error) {
      dataset.problem(item.id, error);
    }
  }
  return read;
}

interface Trouble {
  /** Damages picture 1 of 4. */
  make(): void;
  options?: Partial<DatasetOptions>;
  code: string;
  file(): string;
  message: RegExp;
}
const picture = () => at('images', `${ids[1]}.jpg`);
const mask = () => at('masks', `${ids[1]}.png`);

const troubles: Record<string, Trouble> = {
  'a truncated mask': {
    make: () => writeFileSync(mask(), readFileSync(mask()).subarray(0, 90)),
    code: 'MASK_INVALID',
    file: mask,
    message: /truncated or damaged/,
  },
  'a mask of another size': {
    make: () => copyFileSync(at('masks', `${ids[2]}.png`), mask()),
    code: 'MASK_INVALID',
    file: mask,
    message: /the mask is 122×96, its image 125×94/,
  },
  'an index out of range': {
    make() {
      const { width, height, data } = decode(readFileSync(mask()));
      data[3 * width + 8] = 21;
      writeFileSync(mask(), encode({ width, height, data, depth: 8, channels: 1 }));
    },
    code: 'MASK_INVALID',
    file: mask,
    message: /pixel \(8, 3\) has the value 21; this data set has 0 to 20 and 255/,
  },
  'no mask': { make: () => rmSync(mask()), code: 'MASK_NOT_FOUND', file: mask, message: /no mask for the image/ },
  'no image': {
    make() {
      list(ids.join('\n'));
      rmSync(picture());
    },
    options: { split: 'val' },
    code: 'IMAGE_NOT_FOUND',
    file: () => at('images', ids[1]!),
    message: /no such image, but the list names it/,
  },
  'an empty image': {
    make: () => writeFileSync(picture(), ''),
    code: 'IMAGE_UNREADABLE',
    file: picture,
    message: /it is empty/,
  },
  'an image that is none': {
    make: () => writeFileSync(picture(), 'words'),
    code: 'IMAGE_UNREADABLE',
    file: picture,
    message: /not an image/,
  },
  'a link out of the root': {
    make() {
      copyFileSync(picture(), path.join(top, 'outside.jpg'));
      rmSync(picture());
      symlinkSync(path.join(top, 'outside.jpg'), picture());
    },
    code: 'DATASET_INVALID',
    file: picture,
    message: /a link leads out of the data set, to .*outside\.jpg; allow it/,
  },
  'a mask behind a link out of the root': {
    make() {
      copyFileSync(mask(), path.join(top, 'outside.png'));
      rmSync(mask());
      symlinkSync('../../outside.png', mask());
    },
    code: 'DATASET_INVALID',
    file: mask,
    message: /a link leads out of the data set/,
  },
  'a way out in the list': {
    make: () => list(`${ids[0]}\n../${ids[1]}\n${ids[2]}\n${ids[3]}\n`),
    options: { split: 'val' },
    code: 'DATASET_INVALID',
    file: () => at('lists', 'val.txt'),
    message: /line 2: "\.\.\/picture-00001" leads out of the data set/,
  },
  'a path in the list': {
    make: () => list(`${ids[0]}\nimages/${ids[1]}.jpg\n${ids[2]}\n${ids[3]}\n`),
    options: { split: 'val' },
    code: 'DATASET_INVALID',
    file: () => at('lists', 'val.txt'),
    message: /line 2: .* is no id/,
  },
};

describe.each(Object.entries(troubles))('%s', (_, { make, options, code, file, message }) => {
  it('is an error that names the file', async () => {
    make();
    const error: unknown = await open(options)
      .then(readAll)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((error as Error).message).toContain(file());
  });
  it('or is skipped and counted, once', async () => {
    make();
    const dataset = await open({ ...options, onProblem: 'skip' });
    expect(await readAll(dataset)).toEqual([ids[0], ids[2], ids[3]]);
    expect(await readAll(dataset)).toHaveLength(3);
    expect(dataset.skipped).toMatchObject([{ code, message: expect.stringMatching(message) }]);
  });
});

describe('the same id twice', () => {
  it('in the list', async () => {
    list(`${ids[0]}\n${ids[1]}\n${ids[0]}\n`);
    await expect(open({ split: 'val' })).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/val\.txt: line 3: "picture-00000" is there twice/),
    });
    const dataset = await open({ split: 'val', onProblem: 'skip' });
    expect(await readAll(dataset)).toEqual([ids[0], ids[1]]);
    expect(dataset.skipped).toHaveLength(1);
  });
  it('in the folder', async () => {
    copyFileSync(picture(), at('images', `${ids[1]}.jpeg`));
    await expect(open()).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /picture-00001\.jpg: the id picture-00001 is there twice, also as picture-00001\.jpeg/,
      ),
    });
    expect((await open({ onProblem: 'skip' })).ids).toHaveLength(4);
  });
});

describe('the data set as a whole is refused, skipping or not', () => {
  it.each<[string, () => void, Partial<DatasetOptions>, string, RegExp]>([
    ['no list', () => {}, { split: 'test' }, 'DATASET_NOT_FOUND', /lists\/test\.txt: there is no such file/],
    ['an empty list', () => list('\n \n'), { split: 'val' }, 'DATASET_INVALID', /val\.txt: the list is empty/],
    [
      'no images',
      () => rmSync(at('images'), { recursive: true }),
      {},
      'DATASET_NOT_FOUND',
      /images: there is no such folder/,
    ],
    [
      'a folder without images',
      () => ids.forEach((id) => rmSync(at('images', `${id}.jpg`))),
      {},
      'DATASET_INVALID',
      /images: there is no image/,
    ],
    [
      'a list behind a link',
      () => {
        mkdirSync(at('lists'));
        writeFileSync(path.join(top, 'l.txt'), ids[0]!);
        symlinkSync(path.join(top, 'l.txt'), at('lists', 'val.txt'));
      },
      { split: 'val' },
      'DATASET_INVALID',
      /a link leads out/,
    ],
    [
      'a split that leads out',
      () => {},
      { split: '../val' },
      'INVALID_OPTION',
      /Expected a file name without folders for split/,
    ],
    ['no root', () => rmSync(root, { recursive: true }), {}, 'DATASET_NOT_FOUND', /data: there is no such folder/],
    ['a misspelt option', () => {}, { onproblem: 'skip' } as object, 'INVALID_OPTION', /Did you mean onProblem/],
    [
      'an option of another kind',
      () => {},
      { crowd: 'ignore' },
      'INVALID_OPTION',
      /crowd is an option of coco, not of folder/,
    ],
  ])('%s', async (_, make, options, code, message) => {
    make();
    for (const onProblem of ['throw', 'skip'] as const) {
      await expect(open({ ...options, onProblem })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
    }
  });
});

it('links out of the root are followed on demand, and those within it always', async () => {
  copyFileSync(picture(), at('spare.jpg'));
  rmSync(picture());
  symlinkSync('../spare.jpg', picture());
  expect((await (await open()).item(ids[1]!)).imagePath).toBe(at('spare.jpg'));
  troubles['a mask behind a link out of the root']!.make();
  expect(await readAll(await open({ links: 'follow' }))).toEqual(ids);
});

it('the root may be a link', async () => {
  symlinkSync(root, path.join(top, 'alias'));
  expect(await readAll(await open({ root: path.join(top, 'alias') }))).toEqual(ids);
});

it('an error of another origin is never skipped', async () => {
  const dataset = await open({ onProblem: 'skip' });
  expect(() => dataset.problem(ids[0]!, new TypeError('a mistake of ours'))).toThrow('a mistake of ours');
});
