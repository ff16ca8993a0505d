/** `invseg bench` with a fake engine: which model it opens, and what it refuses before it opens one. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { EngineOptions } from '../../lib/options/index.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { hollowModel } from '../bench/hollow.js';
import { makeFolder } from '../evaluation/fake.js';
import { FakeEngine, fakeParts } from '../segmenter/fake.js';
import { command } from '../support/command.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const invseg = (...args: string[]) => withModel('fake', '--steps', '1', ...args);

async function withModel(name: string, ...args: string[]) {
  const opened: Partial<EngineOptions>[] = [];
  const said = await command(['bench', '--images', '1', '--warmup', '0', ...args], {
    openSegmenter: (options) => {
      opened.push(options);
      const parts = fakeParts(new FakeEngine());
      return Promise.resolve(Segmenter.of({ ...parts, model: { ...parts.model, name } }));
    },
  });
  return { ...said, opened };
}

it('opens the model of its flags, whose code is trusted only where they say so', async () => {
  const plain = await invseg('--threads', '2');
  expect([plain.code, plain.err]).toEqual([0, 'image 1/1\n']);
  expect(plain.opened).toMatchObject([{ device: 'auto', threads: 2, trustCode: false, copyWeights: false }]);
  expect(plain.out).toContain('images/s');
  const trusted = await invseg('--model', 'somewhere', '--trust-code', '--copy-weights');
  expect(trusted.opened).toMatchObject([{ model: 'somewhere', trustCode: true, copyWeights: true }]);
});

it('looks for two names of its own, or for those of every --categories', async () => {
  const file = path.join(folder, 'names.json');
  for (const [args, names] of [
    [[], ['cat', 'bus']],
    [['-c', 'cat'], ['cat']],
    [
      ['-c', 'cat,dog', '-c', 'sofa'],
      ['cat', 'dog', 'sofa'],
    ],
  ] as const) {
    expect((await invseg(...args, '--json', file)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8')).categories).toEqual([...names, 'background']);
  }
});

it('compares with figures that it wrote', async () => {
  const file = path.join(folder, 'figures.json');
  expect((await invseg('--json', file)).code).toBe(0);
  expect((await invseg('--against', file, '--threshold', '1000')).out).toContain('no stage is slower');
});

it('keeps its figures where those of before share nothing with them', async () => {
  const file = path.join(folder, 'old.json');
  const written = path.join(folder, 'new.json');
  expect((await invseg('--json', file)).code).toBe(0);
  const old = JSON.parse(readFileSync(file, 'utf8'));
  for (const change of [{ losses: 5 }, { stages: { foo: { p50: 1, p90: 1 } } }, { host: null }]) {
    writeFileSync(file, JSON.stringify({ ...old, ...change }));
    const { code, opened, err } = await invseg('--against', file, '--json', written);
    expect([code, opened], err).toEqual([2, []]); // before the work, not after it
  }
});

it('refuses figures that are none before it opens a model', async () => {
  const deep = path.join(folder, 'deep.json');
  writeFileSync(deep, '['.repeat(100_000) + ']'.repeat(100_000));
  const pipe = path.join(folder, 'pipe.json');
  execFileSync('mkfifo', [pipe]);
  for (const [file, why] of [
    [deep, 'nested deeper'],
    [pipe, 'not a regular file'],
    [folder, 'a folder'],
    [path.join(folder, 'none'), 'no such file'],
  ] as const) {
    const { code, err, opened } = await invseg('--against', file);
    expect([code, opened]).toEqual([2, []]);
    expect(err).toContain(why);
  }
});

it('writes a page', async () => {
  const file = path.join(folder, 'page.html');
  expect((await invseg('--page', file)).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('<title>fake on a test</title>');
  const counted = await withModel('stable-diffusion-2.1', '--steps', '1', '--page', file, '--rate', '2.5');
  expect(counted.code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('times its limit');
  // Nobody counted the operations of others, so they have no limits.
  const other = await invseg('--page', file, '--rate', '2.5');
  expect([other.code, other.err]).toEqual([2, expect.stringContaining('counted (stable-diffusion-2.1)')]);
});

it('opens random weights that were kept, and says so', async () => {
  const kept = path.join(folder, 'kept');
  await hollowModel(kept);
  const file = path.join(folder, 'random.json');
  const { code, out, err, opened } = await invseg('--random', 'sd21', '--keep', kept, '--batches', '2', '--json', file);
  expect([code, opened.map(({ model }) => model)]).toEqual([0, [kept]]);
  expect(err).toContain('writing random weights');
  expect(out).toContain('fake with random weights');
  expect(out).toMatch(/images\/s with 2 in one pass/);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ model: { random: true }, batches: [{ batch: 2 }] });
  expect(existsSync(kept)).toBe(true);
});

it('writes no random weights for a device that is not there', async () => {
  const { code, err, opened } = await invseg('--random', 'sd21', '--device', 'cuda:99');
  expect([code, opened]).toEqual([1, []]);
  expect(err).toContain('cuda:99 is not there');
  expect(err).not.toContain('writing');
});

it('refuses other random weights, and what does not go with them, before it writes any', async () => {
  for (const [args, why] of [
    [['--random', 'sdxl'], 'Allowed choices are sd21'],
    [['--random', 'sd21', '--model', 'x'], 'cannot be used with'],
    [['--keep', folder], '--random'],
    [['--random', 'sd21', '--batches', '0'], '--batches'],
    [['--random', 'sd21', '--device', 'tpu'], 'device'],
    [['--random', 'sd21', '--set', 'foo=1'], 'Unknown option foo'],
    [['--random', 'sd21', '--set', 'method=magic'], 'method'],
    [['--random', 'sd21', '--set', 'background.name=cat'], 'background.name'],
    [['--random', 'sd21', '--steps', '-1'], 'steps'],
    [['--random', 'sd21', '--categories', 'cat,cat'], 'categories'],
    [['--random', 'sd21', '--categories', ' '], 'category 1'],
  ] as const) {
    const { code, err, opened } = await invseg(...args);
    expect([code, opened]).toEqual([2, []]);
    expect(err).toContain(why);
    expect(err).not.toContain('writing');
  }
});

it('looks at the image before it writes weights or opens a model', async () => {
  const broken = path.join(folder, 'broken.png');
  writeFileSync(broken, 'mine');
  for (const [image, code] of [
    [path.join(folder, 'nofile.jpg'), 'IMAGE_NOT_FOUND'],
    [folder, 'IMAGE_'],
    [broken, 'IMAGE_UNREADABLE'],
  ] as const) {
    for (const args of [[], ['--random', 'sd21'], ['--random', 'sd21', '--keep', path.join(folder, 'untouched')]]) {
      const said = await invseg(image, ...args);
      expect([said.code, said.opened], said.err).toEqual([1, []]);
      expect(said.err).toContain(`code: ${code}`);
      expect(said.err).not.toContain('writing');
    }
  }
  expect(existsSync(path.join(folder, 'untouched'))).toBe(false);
});

it('refuses a folder of weights that are not random', async () => {
  const mine = path.join(folder, 'mine');
  mkdirSync(path.join(mine, 'unet'), { recursive: true });
  writeFileSync(path.join(mine, 'unet/diffusion_pytorch_model.safetensors'), 'mine');
  const { code, err, opened } = await invseg('--random', 'sd21', '--keep', mine);
  expect([code, opened]).toEqual([1, []]);
  expect(err).toContain('expected an empty folder, or one with random weights of sd21, but there is unet');
  expect(readFileSync(path.join(mine, 'unet/diffusion_pytorch_model.safetensors'), 'utf8')).toBe('mine');
});

it('gives accuracy and time of methods on a data set, a row each', async () => {
  const root = await makeFolder(5);
  const file = path.join(folder, 'rows.jsonl');
  const run = (...args: string[]) =>
    command(['bench', '--dataset', 'folder', '--root', root, ...args], {
      openSegmenter: async () =>
        Segmenter.of({
          ...fakeParts(new FakeEngine()),
          identity: async () => ({ weights: 'w', manifest: 'm', code: 'c', tokenizer: 't' }),
        }),
    });
  try {
    writeFileSync(file, 'of another time');
    const { code, out, err } = await run('--methods', 'baseline,invseg', '--batch', '2', '--json', file);
    expect([code, err]).toEqual([0, 'baseline: 5 images\ninvseg: 5 images\n']);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { method: string; mIoU: number });
    expect(rows).toMatchObject([
      { method: 'baseline', pictures: 5, batch: 2 },
      { method: 'invseg', pictures: 5, batch: 2 },
    ]);
    for (const { method, mIoU } of rows) expect(out).toMatch(new RegExp(`${method} +${(100 * mIoU).toFixed(2)}`));
    for (const [args, why] of [
      [['--methods', 'magic', '--json', file], '--methods'],
      [['--methods', 'invseg,invseg'], 'once'],
      [['--methods', 'baseline,diffseg', '--steps', '1'], '--steps is for a method that learns'],
      [['--batch', '0'], '--batch'],
      [['--random', 'sd21'], 'cannot be used'],
      [['--categories', 'cat'], 'cannot be used'],
      [['--images', '3'], 'cannot be used'],
      [['--warmup', '1'], 'cannot be used'],
      [['--keep', 'x'], 'cannot be used'],
      [['--set', 'method=iseg'], 'options.method'],
      [['picture.png'], 'both'],
    ] as const) {
      const refused = await run(...args);
      expect([refused.code, refused.err.includes(why)], refused.err).toEqual([2, true]);
    }
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toEqual(lines);
  } finally {
    rmSync(root, { recursive: true });
  }
});

it('calls the bundled images by their name', async () => {
  const file = path.join(folder, 'miniature.jsonl');
  const { code, out } = await command(
    ['bench', '--dataset', 'miniature', '--sample', '2', '--methods', 'baseline', '--json', file],
    {
      openSegmenter: async () =>
        Segmenter.of({
          ...fakeParts(new FakeEngine()),
          identity: async () => ({ weights: 'w', manifest: 'm', code: 'c', tokenizer: 't' }),
        }),
    },
  );
  expect(code).toBe(0);
  expect(out).toContain('2 images of miniature\n');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ dataset: 'miniature' });
});

it('refuses a place for its figures, and counts, before it opens a model', async () => {
  for (const [args, why] of [
    [['--json', folder], 'it is a folder'],
    [['--json', path.join(folder, 'none', 'x.json')], 'its folder is not there'],
    [['--methods', 'invseg'], '--dataset'],
    [['--page', folder], '--page'],
    [['--rate', '5'], '--rate is for --page'],
    [['--threshold', '0.1'], '--threshold is for --against'],
    [['--rate', '0', '--page', path.join(folder, 'x.html')], 'TFLOP/s above 0'],
    [['--rate', 'fast', '--page', path.join(folder, 'x.html')], 'TFLOP/s above 0'],
    [['--images', '0'], '--images'],
    [['--warmup', '-1'], '--warmup'],
    [['--threshold', ''], '--threshold'],
    [['--json', ''], '--json'],
    [['--json', '/proc/x.json'], '--json /proc/x.json'],
    [['--json', path.join(folder, 'x'), '--page', path.join(folder, 'x')], 'both name'],
    [['--split', 'val'], '--dataset with --split'],
    [['--masks', 'x'], '--dataset with --masks'],
    [['--index-order', 'x'], '--dataset with --index-order'],
    [['--crowd', 'class'], '--dataset with --crowd'],
    [['--set', 'method=baseline'], '--steps is for a method that learns'],
  ] as const) {
    const { code, err, opened } = await invseg(...args);
    expect(code).not.toBe(0);
    expect(opened).toEqual([]);
    expect(err).toContain(why);
  }
});
