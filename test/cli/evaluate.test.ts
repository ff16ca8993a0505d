import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { progressText } from '../../lib/cli/terminal/evaluate-line.js';
import type { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { Behaviour } from '../evaluation/fake.js';
import { FakeSegmenter, idOf, makeFolder } from '../evaluation/fake.js';
import { command } from '../support/command.js';

let root: string;
beforeAll(async () => void (root = await makeFolder(9)));
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => rmSync(path.join(root, 'runs'), { recursive: true, force: true }));
const at = (name: string): string => path.join(root, 'runs', name);

async function cli(args: string[], behaviour: Behaviour = {}) {
  let opened = 0;
  const said = await command(args, {
    async openSegmenter() {
      opened++;
      const fake = new FakeSegmenter(behaviour);
      return Object.assign(fake, { [Symbol.asyncDispose]: async () => {} }) as unknown as Segmenter;
    },
  });
  return { ...said, opened };
}
const evaluate = (name: string, more: string[] = [], behaviour?: Behaviour) =>
  cli(['evaluate', '--dataset', 'folder', '--root', root, '--out', at(name), ...more], behaviour);

it('evaluates, reports, and goes on', async () => {
  const { code, out, err } = await evaluate('a');
  expect([code, err.includes('9 of 9 images')]).toEqual([0, true]);
  expect(out).toMatch(/^mIoU \d+\.\d\d % \(95 %: .* to .*\), mAcc \d+\.\d\d %, aAcc \d+\.\d\d %\n$/);
  for (const file of ['report.json', 'report.html', 'per-class.csv', 'per-image.csv', 'journal.jsonl'])
    expect(existsSync(path.join(at('a'), file)), file).toBe(true);
  const report = JSON.parse(readFileSync(path.join(at('a'), 'report.json'), 'utf8'));
  for (const key of ['mIoU', 'mAcc', 'aAcc', 'perClass', 'confusion', 'settings', 'protocol', 'skipped'])
    expect(report, key).toHaveProperty(key);
  expect(report.settings.weights).toMatch(/^[0-9a-f]{64}$/);
  expect(
    readFileSync(path.join(at('a'), 'per-image.csv'), 'utf8')
      .trimEnd()
      .split('\n'),
  ).toHaveLength(10);
  expect(readFileSync(path.join(at('a'), 'per-class.csv'), 'utf8')).toMatch(/^class,iou,accuracy.*\nbackground,0\.\d+/);
  const again = await evaluate('a', ['--json']);
  expect(again.err).toContain('resuming after 9 images of an earlier run');
  expect(JSON.parse(again.out)).toEqual(report);
  expect((await evaluate('a', ['--steps', '3'])).err).toMatch(/other settings: options\.steps/);
  expect((await evaluate('a', ['--steps', '3', '--restart'])).code).toBe(0);
});

it('takes the seed of --set for the draw and the runs, and one seed alone', async () => {
  await evaluate('set', ['--sample', '4', '--set', 'seed=3']);
  await evaluate('flag', ['--sample', '4', '--seed', '3']);
  const [set, flag] = ['set', 'flag'].map(
    (name) => JSON.parse(readFileSync(path.join(at(name), 'report.json'), 'utf8')).settings,
  );
  expect(set).toEqual(flag);
  expect(set).toMatchObject({ seed: 3, options: { seed: 3 } });
  const both = await evaluate('both', ['--seed', '1', '--set', 'seed=3']);
  expect([both.code, both.opened]).toEqual([2, 0]);
  expect(both.err).toContain('--seed and --set seed=');
});

it("takes names from captions, in the data set's own vocabulary", async () => {
  const captions = path.join(root, 'captions.json');
  writeFileSync(
    captions,
    JSON.stringify(
      Object.fromEntries(Array.from({ length: 9 }, (_, i) => [idOf(i), i === 4 ? 'clouds' : 'Two cats on a sofa.'])),
    ),
  );
  const { code, out } = await evaluate('captions', ['--names', 'captions', '--captions', captions, '--json']);
  expect(code).toBe(0);
  const { settings, pictures, warnings } = JSON.parse(out);
  expect(settings.names).toMatch(/^captions of captions\.json \(9 pictures, [0-9a-f]{8}\), vocabulary classes$/);
  expect(pictures).toMatchObject({ evaluated: 9, unnamed: 1 });
  expect(warnings).toContainEqual({
    message: `No class is named for ${idOf(4)}: it is all background`,
    pictures: 1,
    example: idOf(4),
  });
  const given = await evaluate('given', ['--names', 'given', '--categories', 'dog,sofa', '--json']);
  expect(JSON.parse(given.out).settings.names).toBe('given: dog, sofa');
  expect((await evaluate('bird', ['--names', 'given', '--categories', 'bird'])).err).toContain(
    'Expected names of the data set\'s classes but received "bird"',
  );
});

it('goes on past pictures that the list of names does not have', async () => {
  const captions = path.join(root, 'short.json');
  writeFileSync(captions, JSON.stringify(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [idOf(i), 'a cat']))));
  const names = ['--names', 'captions', '--captions', captions];
  const { code, err } = await evaluate('skip', names);
  expect([code, err.includes('8 of 9 images, 1 left out (1 without names)')]).toEqual([0, true]);
  const empty = await evaluate('empty', [...names, '--on-missing-names', 'empty', '--json']);
  expect(JSON.parse(empty.out).pictures).toEqual({ total: 9, evaluated: 9, skipped: 0, withoutNames: 0, unnamed: 1 });
  const thrown = await evaluate('throw', [...names, '--on-missing-names', 'throw']);
  expect([thrown.code, thrown.err.includes(`there is no caption for "${idOf(8)}"`)]).toEqual([1, true]);
  writeFileSync(captions, '{"000000182611.jpg": "a bowl"}');
  const other = await evaluate('other', names);
  expect([other.code, other.opened]).toEqual([1, 0]);
  expect(other.err).toContain('was it made for another data set?');
  expect((await evaluate('x', ['--on-missing-names', 'empty'])).err).toContain(
    '--on-missing-names belongs to another source of names than ground-truth',
  );
});

it('merges shards and compares runs', async () => {
  await evaluate('all');
  await evaluate('0', ['--shard', '0/2']);
  const part = await evaluate('1', ['--shard', '1/2']);
  expect(part.err).toContain('5 not looked at (other shards)');
  const merged = await cli(['merge', at('0'), at('1'), '--out', at('merged')]);
  expect(merged.code).toBe(0);
  const counts = (name: string): unknown =>
    JSON.parse(readFileSync(path.join(at(name), 'report.json'), 'utf8')).confusion;
  expect(counts('merged')).toEqual(counts('all'));
  await evaluate('b', ['--method', 'baseline'], { salt: 1 });
  const twice = await cli(['merge', at('0'), `${at('0')}/`, '--out', at('merged-twice')]);
  expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('Expected each run once but') });
  const { code, out } = await cli(['compare', at('all'), at('b')]);
  expect(code).toBe(0);
  expect(out).toMatch(/\| mIoU \| \d+\.\d\d % \| \d+\.\d\d % \| [+−]?\d+\.\d\d \|/);
  expect(out).toContain('| options.method | "invseg" | "baseline" |');
  expect(JSON.parse((await cli(['compare', at('all'), at('b'), '--json'])).out)).toMatchObject({
    format: 'invseg-comparison/1',
    pictures: { common: 9 },
  });
});

it('refuses what cannot work before a model is opened', async () => {
  for (const [more, text] of [
    [['--names', 'oracle'], /Allowed choices are given, ground-truth, captions, precomputed, diffsegmenter/],
    [['--names', 'captions'], /a JSON file of captions/],
    [['--names', 'captions', '--captions', 'missing.json'], /missing\.json/],
    [['--names', 'given'], /categories \(--categories\), the names to look for/],
    [['--vocabulary', 'voc'], /belongs to another source of names than ground-truth/],
    [['--names', 'diffsegmenter', '--model', root], /--clip and --blip/],
    [['--shard', '2/2'], /Expected i\/n/],
    [['--queue-name', 'mine'], /--queue-name is for --queue/],
    [['--sample', '0'], /for --sample/],
    [['--steps', 'many'], /steps/],
    [['--method', 'baseline', '--steps', '3'], /--steps is for a method that learns in steps \(invseg\)/],
    [['--on-problem', 'hide'], /onProblem/],
    [['--split', 'none'], /none\.txt/],
    [['--out', '/proc/invseg'], /\/proc\/invseg/],
  ] as const) {
    const { code, err, opened } = await evaluate('x', [...more]);
    expect([code === 0, opened], more.join(' ')).toEqual([false, 0]);
    expect(err).toMatch(text);
  }
  expect((await evaluate('x', ['--resume', '--restart'])).code).toBe(2);
  for (const args of [
    ['compare', at('nowhere'), at('x')],
    ['merge', at('nowhere'), '--out', at('merged')],
  ]) {
    const { code, err } = await cli(args);
    expect(code).toBe(2);
    expect(err).toContain(`${at('nowhere')}: there is no such folder; expected the folder of a run`);
  }
});

it('says how far it is', () => {
  const progress = { done: 30, total: 100, skipped: 2, resumed: 10, mIoU: 0.4567, id: 'p1' };
  expect(progressText(progress, 20, 40)).toBe('30/100, 0.50 images/s, 3 min left, mIoU 45.7 %, 2 left out, p1');
  expect(progressText({ ...progress, done: 0, skipped: 0, mIoU: NaN, id: undefined }, 0, 0)).toBe('0/100');
  expect(progressText({ ...progress, done: 100, skipped: 0 }, 4, 100)).toBe('100/100, 25 s/image, mIoU 45.7 %, p1');
});

it.each([
  [['--out', 'x'], 'Expected "folder", "voc", "context", "coco" or "miniature" for --dataset, which is missing'],
  [['--dataset', 'imagenet'], 'or "miniature" for --dataset but received the string "imagenet"'],
  [['--dataset', 'voc'], 'for --root, which is missing'],
  [
    ['--dataset', 'context', '--root', '/', '--index-order', 'x'],
    'Expected "alphabetical" or "voc-first" for --index-order',
  ],
  [['--dataset', 'miniature', '--root', '/'], '--dataset miniature has its own root'],
])('names the flags, and miniature among the data sets: %j', async (args, message) => {
  const { code, err, opened } = await cli(['evaluate', ...args]);
  expect([code, opened]).toEqual([2, 0]);
  expect(err).toContain(message);
});
