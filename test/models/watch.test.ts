import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { WeightWatch } from '../../lib/models/watch.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { VisionLanguage } from '../../lib/vision-language/index.js';
import { ROOT } from '../golden/reference.js';
import { makeClip } from '../vision-language/made.js';
import { temporaryFolder } from './model-folders.js';

const changes: [string, (file: string) => void, RegExp | undefined][] = [
  ['nothing', () => {}, undefined],
  [
    'other bytes of the same length, in place',
    (file) => (writeFileSync(file, '4321'), utimesSync(file, 9, 9)),
    /w\.safetensors: .* was rewritten since; .*renaming/,
  ],
  ['fewer bytes', (file) => writeFileSync(file, '1'), /changed from 4 to 1 bytes/],
  ['more bytes', (file) => writeFileSync(file, '12345'), /changed from 4 to 5 bytes/],
  [
    'another file renamed over it',
    (file) => (writeFileSync(`${file}.new`, '98765'), renameSync(`${file}.new`, file)),
    undefined,
  ],
  ['the file taken away', (file) => rmSync(file), undefined],
];

describe('weights that were opened', () => {
  it.each(changes)('%s', async (_, change, message) => {
    const file = path.join(await temporaryFolder(), 'w.safetensors');
    writeFileSync(file, '1234');
    const watch = await WeightWatch.of([file, file]);
    change(file);
    if (message === undefined) await watch.check();
    else
      await expect(watch.check()).rejects.toMatchObject({
        code: 'WEIGHTS_CHANGED',
        message: expect.stringMatching(message),
      });
  });
});

const picture = { data: new Uint8Array(32 * 32 * 3).fill(90), width: 32, height: 32, channels: 3 as const };
const options = { categories: ['cat'], method: 'baseline' } as const;

async function copyOfMiniature(): Promise<string> {
  const folder = await temporaryFolder();
  cpSync(path.join(ROOT, 'models', 'miniature'), folder, { recursive: true });
  return folder;
}

/** What others do to a file that is in use. */
const attacks: [string, (file: string) => void][] = [
  ['truncated', (file) => truncateSync(file, 4096)],
  [
    'rewritten in place',
    (file) => {
      const { size, atime, mtime } = statSync(file);
      const handle = openSync(file, 'r+');
      writeSync(handle, new Uint8Array(size / 2), 0, size / 2, size / 4);
      closeSync(handle);
      utimesSync(file, atime, new Date(mtime.getTime() + 5000));
    },
  ],
];

describe('a segmenter', () => {
  it('says so before it reads them again, and goes on where a file was renamed over', async () => {
    const folder = await copyOfMiniature();
    const weights = path.join(folder, 'unet.safetensors');
    await using segmenter = await Segmenter.open({ model: folder, device: 'cpu' });
    const { labels } = await segmenter.segment(picture, options);
    cpSync(weights, `${weights}.new`);
    renameSync(`${weights}.new`, weights);
    expect((await segmenter.segment(picture, options)).labels).toEqual(labels);
    // The one that is open has no name any more; the other files have.
    utimesSync(path.join(folder, 'text_encoder.safetensors'), 9, 9);
    await expect(segmenter.segment(picture, options)).rejects.toMatchObject({
      code: 'WEIGHTS_CHANGED',
      message: expect.stringContaining('text_encoder.safetensors'),
    });
  }, 120_000);

  it.each(attacks)(
    'with copied weights does not see that every file was %s',
    async (_, attack) => {
      const folder = await copyOfMiniature();
      const files = ['text_encoder', 'vae_encoder', 'unet'].map((name) => path.join(folder, `${name}.safetensors`));
      await using copied = await Segmenter.open({ model: folder, device: 'cpu', copyWeights: true });
      await using mapped = await Segmenter.open({ model: folder, device: 'cpu' });
      const { labels, segments } = await copied.segment(picture, { ...options, saveMaps: true });
      for (const file of files) attack(file);
      const after = await copied.segment(picture, { ...options, saveMaps: true });
      expect([after.labels, after.segments]).toEqual([labels, segments]);
      await expect(mapped.segment(picture, options)).rejects.toMatchObject({ code: 'WEIGHTS_CHANGED' });
    },
    120_000,
  );
});

describe('models of pictures and texts', () => {
  it.each(attacks)(
    'with copied weights do not see that every file was %s',
    async (_, attack) => {
      const clip = await makeClip();
      const files = readdirSync(clip, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /\.safetensors$/.test(name),
      );
      const opening = { clip, device: 'cpu', threads: 1, trustCode: true } as const;
      await using copied = await VisionLanguage.open({ ...opening, copyWeights: true });
      await using mapped = await VisionLanguage.open(opening);
      const before = await copied.textEmbeddings(['a cat']);
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) attack(path.join(clip, name));
      expect(await copied.textEmbeddings(['a cat'])).toEqual(before);
      await expect(mapped.textEmbeddings(['a cat'])).rejects.toMatchObject({ code: 'WEIGHTS_CHANGED' });
    },
    120_000,
  );
});
