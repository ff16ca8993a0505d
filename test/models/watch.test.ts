import { cpSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { WeightWatch } from '../../lib/models/watch.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { ROOT } from '../golden/reference.js';
import { openGolden } from '../golden/setup.js';
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

describe.skipIf(typeof openGolden() === 'string')('a segmenter', () => {
  it('says so before it reads them again, and goes on where a file was renamed over', async () => {
    const folder = await temporaryFolder();
    cpSync(path.join(ROOT, 'models', 'miniature'), folder, { recursive: true });
    const weights = path.join(folder, 'unet.safetensors');
    const picture = { data: new Uint8Array(32 * 32 * 3).fill(90), width: 32, height: 32, channels: 3 as const };
    await using segmenter = await Segmenter.open({ model: folder, device: 'cpu' });
    const options = { categories: ['cat'], method: 'baseline' } as const;
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
});
