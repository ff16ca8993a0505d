import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataset } from '../../lib/datasets/index.js';
import { InvSegError } from '../../lib/errors.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { FakeBehaviour } from '../segmenter/fake.js';
import { FakeEngine, fakeParts } from '../segmenter/fake.js';
import { command } from '../support/command.js';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-segment-'));
  out = path.join(folder, 'out');
  mkdirSync(path.join(folder, 'more'));
  const png = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#4080c0' } })
    .png()
    .toBuffer();
  for (const name of ['a.png', 'b.png', 'more/a.png']) writeFileSync(path.join(folder, name), png);
  writeFileSync(path.join(folder, 'broken.png'), 'not an image');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Run {
  behaviour?: FakeBehaviour;
  terminal?: { columns: number };
  signal?: AbortSignal;
  /** Names that the model was taught. */
  names?: string[];
}

async function run(
  args: string[],
  { behaviour = {}, terminal, signal = new AbortController().signal, names = [] }: Run = {},
) {
  const engine = new FakeEngine(behaviour);
  let opened = 0;
  const said = await command(args, {
    terminal,
    signal,
    openSegmenter: async () => {
      opened++;
      const parts = fakeParts(engine);
      return Segmenter.of({ ...parts, model: { ...parts.model, names } });
    },
  });
  return { ...said, engine, opened };
}

const segment = (...args: string[]) => [
  'segment',
  ...args,
  '--categories',
  'cat,potted plant',
  '--steps',
  '2',
  '--out',
  out,
];
const at = (name: string) => path.join(folder, name);
const read = (name: string) => JSON.parse(readFileSync(path.join(out, name), 'utf8'));

describe('one picture', () => {
  it('may have any name that a file can have', async () => {
    const names = ['n'.repeat(238), 'm'.repeat(251), '猫'.repeat(83)];
    for (const name of names) cpSync(at('a.png'), at(`${name}.png`));
    const { code, err } = await run(segment(...names.map((name) => at(`${name}.png`)), at('b.png')));
    expect([code, err.includes('error')]).toEqual([0, false]);
    expect(readdirSync(out)).toHaveLength(4 * 3);
  });

  it('is searched for the names of every --categories, in their order', async () => {
    const { code } = await run(['segment', at('a.png'), '-c', 'dog,cat', '-c', 'bus', '--steps', '1', '--out', out]);
    expect(code).toBe(0);
    expect(read('a.json').categories).toEqual(['dog', 'cat', 'bus', 'background']);
  });

  it('becomes labels, overlay and report', async () => {
    const { code, out: stdout, err, engine } = await run(segment(at('a.png'), '--seed', '5'));
    expect(code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['a.json', 'a.labels.png', 'a.overlay.png']);
    expect(stdout).toMatch(/a\.png: cat \d+\.\d %, potted plant \d+\.\d %, background \d+\.\d %\n$/);
    expect(err).toContain('completed in');
    expect(err).not.toContain('\u001b');

    const report = read('a.json');
    expect(report).toMatchObject({
      format: 'invseg-result/1',
      width: 20,
      height: 10,
      status: 'completed',
      device: 'cpu',
    });
    expect(report.options).toMatchObject({ seed: 5, steps: 2, adam: { learningRate: 0.01 } });
    expect(report.losses).toHaveLength(2);
    const labels = decode(readFileSync(path.join(out, 'a.labels.png')));
    expect([labels.width, labels.height]).toEqual([20, 10]);
    for (const { index, area, colour } of report.segments) {
      expect((labels.data as Uint8Array).filter((label) => label === index)).toHaveLength(area);
      expect(labels.palette![index]).toEqual(colour);
    }
    expect(engine.disposed).toBe(true);
    expect(engine.open).toBe(0);
  });

  it('with --palette takes its colours for labels and report', async () => {
    await run(segment(at('a.png'), '--palette', 'okabe-ito'));
    const { palette } = decode(readFileSync(path.join(out, 'a.labels.png')));
    expect(palette!.slice(0, 3)).toEqual([
      [213, 94, 0],
      [86, 180, 233],
      [0, 0, 0],
    ]);
    expect(read('a.json').segments[0].colour).toEqual([213, 94, 0]);
    expect((await run(segment(at('a.png'), '--palette', 'red'))).code).toBe(2);
  });

  it('writes masks that the data set folder reads, whoever comes first', async () => {
    const truths: Uint8Array[] = [];
    for (const order of ['background-last', 'background-first']) {
      rmSync(out, { recursive: true, force: true });
      expect((await run(segment(at('a.png'), '--labels', order, '--palette', 'okabe-ito'))).code).toBe(0);
      const report = read('a.json');
      expect(report).toMatchObject({ labels: order, categories: ['cat', 'potted plant', 'background'] });
      const { data, palette } = decode(readFileSync(path.join(out, 'a.labels.png')));
      for (const { index, area, colour } of report.segments) {
        expect((data as Uint8Array).filter((label) => label === index)).toHaveLength(area);
        expect(palette![index]).toEqual(colour);
      }
      expect(report.segments.map(({ index }: { index: number }) => index)).toEqual(
        order === 'background-first' ? [1, 2, 0] : [0, 1, 2],
      );
      expect(report.segments.map(({ colour }: { colour: number[] }) => colour)).toEqual([
        [213, 94, 0],
        [86, 180, 233],
        [0, 0, 0],
      ]);

      const root = path.join(folder, order);
      for (const name of ['images', 'masks']) mkdirSync(path.join(root, name), { recursive: true });
      cpSync(at('a.png'), path.join(root, 'images', 'a.png'));
      cpSync(path.join(out, 'a.labels.png'), path.join(root, 'masks', 'a.png'));
      writeFileSync(path.join(root, 'classes.txt'), 'sofa\npotted plant\ncat\n');
      const dataset = await openDataset({ kind: 'folder', root });
      const { labels } = await (await dataset.item('a')).loadMask();
      const names = dataset.classes.map(({ name }) => name);
      for (const { label, area } of report.segments)
        expect(
          labels.filter((value) => names[value] === label),
          label,
        ).toHaveLength(area);
      truths.push(labels);
    }
    expect(truths[0]).toEqual(truths[1]);
    expect(new Set(truths[0]).size).toBeGreaterThan(1);
  });

  it('has no background to put first where segments are only numbered', async () => {
    const { code, err, opened } = await run([
      'segment',
      at('a.png'),
      '--method',
      'diffseg',
      '--labels',
      'background-first',
      '--out',
      out,
    ]);
    expect([code, opened]).toEqual([2, 0]);
    expect(err).toContain('Expected names in --categories for --labels background-first');
  });

  it('with --save-maps also gives an array', async () => {
    await run(segment(at('a.png'), '--save-maps'));
    expect(read('a.json').files.maps).toBe('a.maps.npy');
    expect(readFileSync(path.join(out, 'a.maps.npy')).subarray(10, 80).toString()).toContain("'shape': (3, 4, 4)");
  });

  it('with --json prints one line that can be parsed', async () => {
    const { out: stdout } = await run(segment(at('a.png'), '--json'));
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ image: at('a.png'), out, files: { labels: 'a.labels.png' } });
  });

  it('says when the loop stopped early', async () => {
    const { code, err } = await run(segment(at('a.png')), { behaviour: { notFiniteAt: 2 } });
    expect(code).toBe(0);
    expect(err).toContain('warning: Step 2 of 2 was not finite');
    expect(read('a.json')).toMatchObject({ status: 'non-finite' });
  });

  it('takes the baseline by name', async () => {
    const { engine } = await run(segment(at('a.png'), '--method', 'baseline'));
    expect(engine.steps).toHaveLength(0);
  });

  it('numbers what diffseg finds without names', async () => {
    const { code, out: stdout } = await run([
      'segment',
      at('a.png'),
      '--method',
      'diffseg',
      '--out',
      out,
      '--save-maps',
    ]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/a\.png: segment 1 100\.0 %, segment 2 0\.0 %/)]);
    expect(readFileSync(path.join(out, 'a.maps.npy')).subarray(10, 80).toString()).toContain("'shape': (3, 4, 4)");
  });

  it('gives one map less where the background has none', async () => {
    await run([...segment(at('a.png'), '--method', 'iseg', '--save-maps'), '--steps', '0']);
    expect(readFileSync(path.join(out, 'a.maps.npy')).subarray(10, 80).toString()).toContain("'shape': (2, 4, 4)");
  });
});

describe('several pictures', () => {
  it('keep their results apart, each once', async () => {
    const { code } = await run(segment(at('a.png'), at('more'), at('*.png'), at('a.png')));
    expect(code).toBe(1); // broken.png matches the pattern
    expect(
      readdirSync(out)
        .filter((name) => name.endsWith('.json'))
        .sort(),
    ).toEqual(['a.png.json', 'b.json', 'more__a.png.json'].sort());
  });

  it('go on after one that fails, which is reported', async () => {
    const { code, out: stdout, err } = await run(segment(at('broken.png'), at('missing.png'), at('b.png'), '--json'));
    expect(code).toBe(1);
    expect(err).toContain('code: IMAGE_UNREADABLE');
    expect(err).toContain('code: IMAGE_NOT_FOUND');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ error }) => error?.code)).toEqual(['IMAGE_NOT_FOUND', 'IMAGE_UNREADABLE', undefined]);
    expect(readdirSync(out)).toContain('b.json');
  });

  it('stop at Ctrl-C and keep what is finished', async () => {
    const controller = new AbortController();
    let predictions = 0;
    const onCall = (name: string) => name === 'predict' && ++predictions === 2 && controller.abort();
    const { code, err, engine } = await run(segment(at('a.png'), at('b.png'), at('more/a.png')), {
      behaviour: { onCall },
      signal: controller.signal,
    });
    expect(code).toBe(130);
    expect(err).toContain('code: ABORTED');
    expect(readdirSync(out).sort()).toEqual(['a.png.json', 'a.png.labels.png', 'a.png.overlay.png']);
    expect(engine.disposed).toBe(true);
  });

  it('end when the folder is gone: the next would fare no better', async () => {
    let calls = 0;
    const onCall = (name: string) => {
      if (name === 'predict' && ++calls === 1) rmSync(out, { recursive: true });
    };
    const { code, err, engine } = await run(segment(at('a.png'), at('b.png')), { behaviour: { onCall } });
    expect(code).toBe(1);
    expect(err).toContain('code: OUTPUT_FAILED');
    expect(engine.predictions).toHaveLength(1);
  });
});

describe('refusals before the model is loaded', () => {
  it.each([
    [['--steps', '-1'], 2, 'INVALID_OPTION'],
    [['--steps', 'many'], 2, 'INVALID_OPTION'],
    [['--seed', 'NaN'], 2, 'INVALID_OPTION'],
    [['--method', 'magic'], 2, 'INVALID_OPTION'],
    [['--preset', 'magic'], 2, 'INVALID_OPTION'],
    [['--device', 'tpu'], 2, 'INVALID_OPTION'],
    [['--dtype', 'int8'], 2, 'INVALID_OPTION'],
    [['--threads', '-2'], 2, 'INVALID_OPTION'],
    [['--set', 'stpes=3'], 2, 'Did you mean steps?'],
    [['--categories', ''], 2, 'INVALID_CATEGORIES'],
    [['--categories', 'cat,cat'], 2, 'INVALID_CATEGORIES'],
    [['--method', 'baseline', '--steps', '3'], 2, '--steps is for a method that learns in steps (invseg)'],
    [['--preset', 'iseg-voc', '--steps', '3'], 2, 'but the method is iseg; leave --steps out'],
    [
      ['--method', 'baseline', '--steps', '0', '--compare-loss'],
      2,
      '--compare-loss is for a method that learns in steps',
    ],
    [['--set', 'saveMaps=true'], 2, 'the flag --save-maps'],
    [['--set', 'background.name=cat', '-c', 'bus'], 2, 'Expected a background (background.name) that is none'],
    [['--nonsense'], 2, "unknown option '--nonsense'"],
    [['--out', '/proc/nowhere'], 1, 'OUTPUT_FAILED'],
  ])('%j: exit code %i, %s', async (extra, expected, text) => {
    const { code, err, out: stdout, opened } = await run([...segment(at('a.png')), ...extra]);
    expect([code, opened, stdout]).toEqual([expected, 0, '']);
    expect(err).toContain(text);
  });

  it('names are needed by every method but diffseg', async () => {
    const { code, err, opened } = await run(['segment', at('a.png'), '--method', 'iseg', '--out', out]);
    expect([code, opened]).toEqual([2, 0]);
    expect(err).toContain(
      'Expected names in --categories for the method iseg, or --vocabulary to find them in; without names there is diffseg',
    );
  });

  it.each([[['segment']], [['segment', 'a.png']], [['nonsense']], [[]]])('%j: exit code 2', async (args) => {
    expect((await run(args)).code).toBe(2);
  });

  it.each([[['--help']], [['segment', '--help']], [['--version']]])(
    '%j: exit code 0 and text on stdout',
    async (args) => {
      const { code, out: stdout } = await run(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(args.includes('--version') ? /^\d+\.\d+\.\d+/ : /Examples:/);
    },
  );

  it('only pictures that are missing: exit code 1, no folder', async () => {
    const { code, opened } = await run(segment(at('missing.png'), at('*.gif')));
    expect([code, opened]).toEqual([1, 0]);
    expect(readdirSync(folder)).not.toContain('out');
  });

  it('a model that cannot be opened: exit code 1, stack with --debug only', async () => {
    const openSegmenter = () => Promise.reject(new InvSegError('MODEL_NOT_FOUND', 'no model here'));
    expect(await command(segment(at('a.png')), { openSegmenter })).toMatchObject({
      code: 1,
      err: 'error: no model here\ncode: MODEL_NOT_FOUND\n',
    });
    const debug = await command(segment(at('a.png'), '--debug'), { openSegmenter });
    expect(debug).toMatchObject({ code: 1, err: expect.stringContaining('    at ') });
  });
});

describe('progress', () => {
  it('is one changing line on a terminal', async () => {
    const { err, out: stdout } = await run(segment(at('a.png')), { terminal: { columns: 60 } });
    expect(err).toContain('\r\u001b[K[##########          ] 1/2 inverting loss -0.9100 a.png');
    expect(stdout).not.toContain('\u001b');
    for (const line of err.split('\r\u001b[K')) expect(line.split('\n')[0]!.length).toBeLessThan(200);
  });
});

describe('names that the model was not taught', () => {
  it('are told once for all pictures, and in each report', async () => {
    const { code, err } = await run(segment(at('a.png'), at('b.png')), { names: ['cat', 'background'] });
    expect(code).toBe(0);
    expect(err.match(/warning: The model fake was not taught a name that you gave: "potted plant"/g)).toHaveLength(1);
    for (const name of ['a.json', 'b.json']) {
      expect(read(name)).toMatchObject({
        unknownNames: ['potted plant'],
        warnings: [expect.stringContaining('"potted plant"')],
      });
      expect(read(name).model).not.toHaveProperty('names');
    }
  });
});
