import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeLabels, vocPalette } from '../../lib/draw/index.js';
import { InvSegError } from '../../lib/errors.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { FakeBehaviour } from '../segmenter/fake.js';
import { FakeEngine, fakeParts } from '../segmenter/fake.js';
import { command } from '../support/command.js';

/** No self-attention: a map that is the same everywhere has no distances. */
class Engine extends FakeEngine {
  override async attend(): Promise<{ self: null; cross: null }> {
    this.calls.push('attend');
    return { self: null, cross: null };
  }
}

let folder: string;
let out: string;
const at = (name: string): string => path.join(folder, name);
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-explain-'));
  out = at('out');
  writeFileSync(
    at('a.png'),
    await sharp({ create: { width: 20, height: 10, channels: 3, background: '#4080c0' } })
      .png()
      .toBuffer(),
  );
  writeFileSync(
    at('mask.png'),
    encodeLabels(
      Uint8Array.from({ length: 200 }, (_, i) => i % 3),
      20,
      10,
      vocPalette(),
    ),
  );
  writeFileSync(at('broken.png'), 'not an image');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(args: string[], behaviour: FakeBehaviour = {}, signal = new AbortController().signal) {
  const engine = new Engine(behaviour);
  let opened = 0;
  const said = await command(['explain', ...args, '--out', out], {
    signal,
    openSegmenter: async () => {
      opened++;
      return Segmenter.of(fakeParts(engine));
    },
  });
  return { ...said, engine, opened };
}

const names = ['--categories', 'cat,potted plant', '--steps', '3', '--methods', 'invseg,baseline'];

describe('invseg explain', () => {
  it('writes the page, the numbers and the pictures, and prints where', async () => {
    const { code, out: stdout, err, engine } = await run([at('a.png'), ...names]);
    expect(code, err).toBe(0);
    expect(stdout).toBe(`${path.join(out, 'index.html')}\n`);
    expect(err).toMatch(/a\.png: page of 0\.\d\d MB and \d+ files in/);
    expect(readdirSync(out).sort()).toEqual(['anchors', 'explain.json', 'index.html', 'input.png', 'maps', 'masks']);
    expect(readdirSync(path.join(out, 'maps'))).toContain('2-potted-plant.before.png');
    const data = JSON.parse(readFileSync(path.join(out, 'explain.json'), 'utf8'));
    expect(data).toMatchObject({
      picture: 'a.png',
      categories: ['cat', 'potted plant', 'background'],
      anchorSteps: [0, 1, 2, 3],
    });
    for (const file of data.files) expect(existsSync(path.join(out, file)), file).toBe(true);
    expect([engine.open, engine.disposed]).toEqual([0, true]);
  });

  it('takes the names of every --categories, in their order', async () => {
    const { code } = await run([at('a.png'), '-c', 'dog', '-c', 'cat', '--steps', '1', '--methods', 'invseg']);
    expect(code).toBe(0);
    const { categories } = JSON.parse(readFileSync(path.join(out, 'explain.json'), 'utf8'));
    expect(categories).toEqual(['dog', 'cat', 'background']);
  });

  it('compares with a mask and takes a palette', async () => {
    const { code, err } = await run([at('a.png'), ...names, '--mask', at('mask.png'), '--palette', 'voc']);
    expect(code).toBe(0);
    expect(err).toMatch(/invseg: mIoU \d+\.\d %\nbaseline: mIoU/);
    const { palette, methods } = JSON.parse(readFileSync(path.join(out, 'explain.json'), 'utf8'));
    expect(palette).toMatchObject({
      name: 'voc',
      colours: [
        [128, 0, 0],
        [0, 128, 0],
        [0, 0, 0],
      ],
    });
    expect(methods[0].mIoU).toBeGreaterThan(0);
  });

  it('takes the names of a mask from a vocabulary', async () => {
    const names = ['--categories', 'airplane', '--steps', '1', '--methods', 'invseg'];
    const { code } = await run([at('a.png'), ...names, '--mask', at('mask.png'), '--mask-names', 'voc']);
    expect(code).toBe(0);
    const { classes } = JSON.parse(readFileSync(path.join(out, 'explain.json'), 'utf8'));
    expect(classes).toEqual(['airplane', 'background', 'bicycle']);
  });

  it('shows the methods that are named; invseg runs all the same', async () => {
    const { engine } = await run([at('a.png'), ...names, '--methods', 'baseline']);
    const { methods, losses } = JSON.parse(readFileSync(path.join(out, 'explain.json'), 'utf8'));
    expect(methods.map(({ method }: { method: string }) => method)).toEqual(['baseline']);
    expect(losses).toHaveLength(3);
    expect(engine.inversions).toHaveLength(2);
  });

  it('goes on without a method that fails, and says so', async () => {
    let made = 0;
    const onCall = (name: string): void => {
      if (name === 'createInversion' && ++made === 2)
        throw new InvSegError('OUT_OF_MEMORY', 'There is no room\nfor more');
    };
    const { code, err, engine } = await run([at('a.png'), ...names], { onCall });
    expect(code).toBe(1);
    expect(err).toContain('warning: baseline gave no mask: There is no room\n');
    expect(readFileSync(path.join(out, 'index.html'), 'utf8')).toContain('It gave no mask: There is no room');
    expect(engine.open).toBe(0);
  });

  it('says when the loop stopped early', async () => {
    const { code } = await run([at('a.png'), ...names], { notFiniteAt: 2 });
    expect(code).toBe(0);
    const { status, anchorSteps } = JSON.parse(readFileSync(path.join(out, 'explain.json'), 'utf8'));
    expect([status, anchorSteps]).toEqual(['non-finite', [0, 1]]);
    expect(readFileSync(path.join(out, 'index.html'), 'utf8')).toContain('Step 2 of 3 was not finite');
  });

  it('ends with the code of Ctrl-C and leaves no page', async () => {
    const controller = new AbortController();
    const { code, err, engine } = await run(
      [at('a.png'), ...names],
      { onCall: (name) => name === 'step' && controller.abort() },
      controller.signal,
    );
    expect(code).toBe(130);
    expect(err).toContain('code: ABORTED');
    expect(existsSync(path.join(out, 'index.html'))).toBe(false);
    expect(engine.open).toBe(0);
  });

  it.each([
    ['no names', [], 'Expected names in --categories, or --vocabulary to find them in, but received neither', 2],
    ['a method that is none', [...names, '--methods', 'magic'], 'Expected some of', 2],
    ['points that are none', [...names, '--points', '3'], '--points', 2],
    ['a point outside', [...names, '--points', '3,4;20,0'], 'inside the image (20 × 10) but received 20,0', 2],
    ['a palette that is none', [...names, '--palette', 'red'], 'okabe-ito', 2],
    ['an option that is none', [...names, '--set', 'stepz=3'], 'steps', 2],
    ['an index without a name', [...names, '--mask', 'mask.png', '--mask-names', 'cat'], 'index 2 of the mask', 2],
    ['names of no mask', [...names, '--mask-names', 'voc'], '--mask-names is for --mask', 2],
    ['a mask that is no image', [...names, '--mask', 'broken.png'], 'MASK_INVALID', 1],
    ['a mask of colours', [...names, '--mask', 'a.png'], 'which name no class', 1],
    ['a mask that is not there', [...names, '--mask', 'gone.png'], 'IMAGE_NOT_FOUND', 1],
  ])('refuses %s', async (_, args, message, expected) => {
    const { code, err } = await run([at('a.png'), ...args.map((arg) => (arg.endsWith('.png') ? at(arg) : arg))]);
    expect(code).toBe(expected);
    expect(err).toContain(message);
    expect(existsSync(path.join(out, 'index.html'))).toBe(false);
  });

  it('refuses a picture that is none before a model is loaded', async () => {
    const { code, err, opened } = await run([at('broken.png'), ...names]);
    expect([code, opened]).toEqual([1, 0]);
    expect(err).toContain('IMAGE_UNREADABLE');
  });
});
