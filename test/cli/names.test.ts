/** `invseg segment --names …` as a process. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictures } from '../end-to-end/model.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'invseg-names-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { file } = pictures[0]!;
const stem = path.parse(file).name;
const json = (name: string, value: unknown): void => writeFileSync(path.join(folder, name), JSON.stringify(value));
beforeAll(() => {
  json('captions.json', { [stem]: 'Two kittens sleep beside a parked bus.' });
  json('nothing.json', { [stem]: 'Clouds over the hills.' });
  json('other.json', { 'some other picture': 'a cat' });
  json('lists.json', {
    image_similarity: { [`/data/${stem}.jpg`]: ['plane'] },
    text_similarity: { [stem]: ['people', 'plane'] },
  });
});

const segment = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, 'segment', file, '--method', 'baseline', '--out', 'out', ...args],
      { cwd: folder },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
const report = () =>
  JSON.parse(readFileSync(path.join(folder, 'out', `${stem}.json`), 'utf8')) as Record<string, unknown>;

describe('invseg segment --names', () => {
  it('finds the classes of a caption', async () => {
    const { code, out, err } = await segment(
      '--names',
      'captions',
      '--captions',
      'captions.json',
      '--vocabulary',
      'voc',
    );
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    expect(report()).toMatchObject({ categories: ['bus', 'cat', 'background'], names: 'captions' });
    expect(out).toContain('bus ');
  });

  it('finds the names in the picture where there is a vocabulary alone', async () => {
    const { code, err } = await segment('--vocabulary', 'voc');
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    expect(report()).toMatchObject({ names: 'diffsegmenter' });
    const categories = report()['categories'] as string[];
    expect(categories.at(-1)).toBe('background');
    expect(categories.length).toBeGreaterThan(1);
  });

  it('takes the union of precomputed lists, in their own spellings', async () => {
    const { code } = await segment('--names', 'precomputed', '--precomputed', 'lists.json', '--vocabulary', 'voc');
    expect(code).toBe(0);
    expect(report()).toMatchObject({ categories: ['airplane', 'person', 'background'] });
  });

  it('gives an all-background mask and a warning where a caption names nothing', async () => {
    const { code, out, err } = await segment(
      '--names',
      'captions',
      '--captions',
      'nothing.json',
      '--vocabulary',
      'voc',
    );
    expect(code).toBe(0);
    expect(err).toContain('warning: No class was named');
    expect(out).toContain('background 100');
    expect(report()).toMatchObject({ categories: ['background'], status: 'completed' });
    expect(existsSync(path.join(folder, 'out', `${stem}.overlay.png`))).toBe(true);
  });

  it.each([
    [['--names', 'captions', '--captions', 'captions.json'], 2, 'a vocabulary (--vocabulary)'],
    [['--names', 'captions', '--vocabulary', 'voc'], 2, '--captions'],
    [['--names', 'captions', '--captions', 'captions.json', '--vocabulary', 'vox'], 1, 'vox'],
    [
      ['--names', 'captions', '--captions', 'captions.json', '--vocabulary', 'voc', '-c', 'cat'],
      2,
      'leave --categories out',
    ],
    [['--names', 'diffsegmenter', '--vocabulary', 'voc', '--model', 'elsewhere'], 2, '--clip and --blip'],
    [['--vocabulary', 'vox'], 1, 'vox'],
    [[], 2, 'Expected names in --categories for the method baseline, or --vocabulary to find them in'],
    [['-c', 'cat', '--vocabulary', 'voc'], 2, '--vocabulary belongs to another source'],
    [
      ['--names', 'captions', '--captions', 'captions.json', '--vocabulary', 'voc', '--blip', 'x'],
      2,
      '--blip belongs to another source',
    ],
    [['--names', 'guessed'], 2, 'given, captions, precomputed, diffsegmenter'],
    [['--names', 'captions', '--captions', 'missing.json', '--vocabulary', 'voc'], 1, 'missing.json'],
  ])('refuses %j', async (args, code, message) => {
    const ended = await segment(...args);
    expect(ended.err).toContain(message);
    expect(ended.code).toBe(code);
  });

  it('says which picture the captions do not have', async () => {
    const { code, err } = await segment('--names', 'captions', '--captions', 'other.json', '--vocabulary', 'voc');
    expect(err).toContain(stem);
    expect(err).toContain('code: NAMES_NOT_FOUND');
    expect(code).toBe(1);
  });
});
