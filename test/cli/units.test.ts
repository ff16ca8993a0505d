import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optionsHelp } from '../../lib/cli/flags/help.js';
import { engineFlags, methodFlags, parseSettings } from '../../lib/cli/flags/options.js';
import { describeError, exitCode, isFatal } from '../../lib/cli/terminal/failure.js';
import { InvSegError } from '../../lib/errors.js';
import { methodRows, resolveOptions } from '../../lib/options/index.js';
import { encodeNpy } from '../../lib/results/npy.js';
import { outputStems } from '../../lib/results/stems.js';
import { prepareFolder, writeWhole } from '../../lib/system/outputs.js';
import { command } from '../support/command.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('names of results', () => {
  it.each([
    [['a/cat.png'], ['cat']],
    [
      ['a/cat.png', 'a/dog.png'],
      ['cat', 'dog'],
    ],
    [
      ['a/cat.png', 'a/cat.jpg'],
      ['cat.png', 'cat.jpg'],
    ],
    [
      ['a/cat.png', 'b/cat.png', 'a/dog.png'],
      ['a__cat.png', 'b__cat.png', 'dog'],
    ],
    [
      ['a/x/cat.png', 'a/y/cat.png'],
      ['x__cat.png', 'y__cat.png'],
    ],
    [
      ['Cat.png', 'cat.png'],
      ['Cat.png-2', 'cat.png-3'],
    ],
    [['/tmp/.hidden'], ['.hidden']],
  ])('%j → %j', (images, stems) => {
    expect(outputStems(images)).toEqual(stems);
  });

  it('fit into a file name, however long the pictures are called', () => {
    const long = ['n'.repeat(251), '猫'.repeat(80), '🐈'.repeat(60), 'n'.repeat(240)].map((name) => `a/${name}.png`);
    const deep = ['x', 'y'].map(
      (folder) => `a/${Array.from({ length: 12 }, () => folder.repeat(40)).join('/')}/cat.png`,
    );
    const stems = outputStems([...long, ...deep, 'a/cat.png']);
    expect(new Set(stems).size).toBe(stems.length);
    for (const stem of stems) expect(Buffer.byteLength(`${stem}.overlay.png`), stem).toBeLessThan(256);
    expect(stems[1]).toMatch(/^猫{61}-[0-9a-f]{16}$/);
  });

  it('never collide, not even without case', () => {
    const part = fc.constantFrom('a', 'A', 'b', 'a__b', 'a.png', 'b-2');
    const image = fc.tuple(part, part, fc.constantFrom('.png', '.PNG', '.jpg', '')).map(([f, n, e]) => `${f}/${n}${e}`);
    fc.assert(
      fc.property(fc.uniqueArray(image, { minLength: 1, maxLength: 20 }), (images) => {
        const stems = outputStems(images).map((stem) => stem.toLowerCase());
        expect(new Set(stems).size).toBe(images.length);
        for (const stem of stems) expect(stem).not.toContain('/');
      }),
    );
  });
});

describe('writing', () => {
  it('leaves whole files and nothing else', async () => {
    const inner = path.join(folder, 'deep', 'er');
    await prepareFolder(inner);
    await writeWhole(path.join(inner, 'a.txt'), 'one');
    await writeWhole(path.join(inner, 'a.txt'), 'two');
    expect(readdirSync(inner)).toEqual(['a.txt']);
    expect(readFileSync(path.join(inner, 'a.txt'), 'utf8')).toBe('two');
  });

  it('fails with a code where it cannot', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    const failed = expect.objectContaining({ code: 'OUTPUT_FAILED' });
    await expect(prepareFolder(path.join(folder, 'file', 'below'))).rejects.toEqual(failed);
    await expect(prepareFolder(path.join(folder, 'file'))).rejects.toThrow('a file is in the way');
    await expect(writeWhole(path.join(folder, 'no', 'a.txt'), '')).rejects.toEqual(failed);
  });
});

describe('npy', () => {
  it.each([[[2, 3, 4]], [[24]], [[1, 24]]])('of shape %j has an aligned header and the numbers', (shape) => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i / 7);
    const file = encodeNpy(data, shape);
    expect(file.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
    const start = 10 + file.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(file.subarray(10, start).toString()).toContain(
      shape.length === 1 ? "'shape': (24,)" : `'shape': (${shape.join(', ')})`,
    );
    expect(file.at(start - 1)).toBe(10);
    expect(new Float32Array(Uint8Array.from(file.subarray(start)).buffer)).toEqual(data);
  });
});

describe('flags', () => {
  const flags = { categories: 'cat', set: [] as string[], out: '.' };

  it('become options by the same rules as the API', () => {
    const set = [
      'views.crop.min=0.8',
      'attention.inferenceCross.16=1',
      'attention.inferenceCross.32=0.5',
      'loss.gradient=keys-only',
      'views.timesteps=[1,9]',
    ];
    const options = resolveOptions(methodFlags({ ...flags, steps: '3', seed: '7', set }));
    expect(options).toMatchObject({
      steps: 3,
      seed: 7,
      loss: { gradient: 'keys-only' },
      views: { timesteps: [1, 9] },
    });
    expect(options.views.crop).toMatchObject({ min: 0.8, max: 1 });
    expect(options.attention.inferenceCross).toEqual({ 16: 1, 32: 0.5 });
  });

  it('keep the members of a group that is given as a whole after them', () => {
    expect(parseSettings(['views.crop.max=0.8', 'views.crop={"min":0.7}', 'views={"count":3}'])).toEqual({
      views: { crop: { max: 0.8, min: 0.7 }, count: 3 },
    });
    expect(() => methodFlags({ ...flags, preset: 'paper', set: ['preset=iseg-voc'] })).toThrow(/preset once/);
  });

  it('leave text as it is', () => {
    expect(parseSettings(['prompt.template={}', 'prompt.separator=, ', 'background.name=0', 'loss.alpha=0'])).toEqual({
      prompt: { template: '{}', separator: ', ' },
      background: { name: '0' },
      loss: { alpha: 0 },
    });
  });

  it.each(['steps', '=1', ''])('refuse --set %j', (text) => {
    expect(() => parseSettings([text])).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  it.each([
    [{ steps: 'many' }, 'steps but received the string "many"'],
    [{ set: ['constructor.prototype=1'] }, 'Unknown option constructor'],
    [{ set: ['__proto__.x=1'] }, 'Unknown option __proto__'],
    [{ set: ['views.crop=1'] }, 'views.crop but received 1'],
    [{ seed: '1e99' }, 'seed but received'],
  ])('%j is refused', (given, text) => {
    expect(() => resolveOptions(methodFlags({ ...flags, ...given }))).toThrow(text);
  });

  it('hand the engine what was given only', () => {
    expect(engineFlags({ device: 'cpu', threads: '2' })).toEqual({ device: 'cpu', threads: 2 });
    const more = { model: 'm', trustCode: true, copyWeights: true } as const;
    expect(engineFlags(more)).toEqual(more);
  });

  const helpOf = async (...args: string[]): Promise<string> => {
    const { code, out } = await command(args);
    expect(code).toBe(0);
    return out;
  };
  const flagsIn = (help: string): string[] =>
    [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag!);

  const engineCommands = ['segment', 'explain', 'diagnose', 'bench', 'evaluate', 'worker', 'reproduce'];
  it.each(engineCommands)('of the engine are flags of %s', async (command) => {
    const help = await helpOf(command, '--help-all');
    for (const flag of ['--model', '--trust-code', '--copy-weights', '--device']) expect(help).toContain(flag);
  });

  it.each(engineCommands)('fit on one screen in --help of %s, and --help-all has them all', async (command) => {
    const [short, all] = [await helpOf(command, '--help'), await helpOf(command, '--help-all')];
    expect(short.split('\n').length).toBeLessThanOrEqual(45);
    const [shown, every] = [flagsIn(short), flagsIn(all)];
    expect(every).toEqual(expect.arrayContaining(shown));
    expect(every.length).toBeGreaterThan(shown.length);
    expect(shown).toEqual(expect.arrayContaining(['--model', '--device', '--help-all']));
    // Choices and a default stand in one pair of brackets.
    expect(all).not.toMatch(/\(choices|\(default[^)]*\)[:(]/);
  });

  it('are all listed by --help-all, as --set takes them', () => {
    const help = optionsHelp();
    for (const { key } of methodRows()) expect(help).toContain(`\n  ${key}=`);
    expect(help).toMatch(/\n {2}attention\.layers\.inferenceSelf=all /);
  });
});

describe('failures', () => {
  it.each([
    ['INVALID_OPTION', 2, true],
    ['INVALID_CATEGORIES', 2, true],
    ['NAME_TOO_LONG', 2, true],
    ['IMAGE_UNREADABLE', 1, false],
    ['OUT_OF_MEMORY', 1, false],
    ['MODEL_NOT_FOUND', 1, false],
    ['OUTPUT_FAILED', 1, true],
    ['ABORTED', 130, true],
  ] as const)('%s: exit code %i', (code, expected, fatal) => {
    const error = new InvSegError(code, 'message');
    expect([exitCode(error), isFatal(error)]).toEqual([expected, fatal]);
  });

  it('show a stack only when asked', () => {
    const error = new InvSegError('INTERNAL', 'first\nsecond', { cause: new Error('inner') });
    expect(describeError(error, false)).toBe('error: first\nsecond\ncode: INTERNAL\n');
    expect(describeError(error, true)).toMatch(/ at .*Caused by: Error: inner/s);
    expect(describeError(new TypeError('bug\nmore'), false)).toBe('error: bug\ncode: INTERNAL\n');
    expect(describeError('text', true)).toBe('error: text\ncode: INTERNAL\n');
  });
});
