import { beforeAll, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { layersAt, type MapChoice, mapSelection, resolutions } from '../../lib/models/layers.js';
import type { BundleManifest } from '../../lib/models/manifest.js';
import { checkManifest, makeManifest, sd21Manifest } from './model-folders.js';

let sd21: BundleManifest;
const tiny = checkManifest(makeManifest(), 'manifest.json');
beforeAll(async () => {
  sd21 = checkManifest(await sd21Manifest(), 'manifest.json');
});

const flags = (read: Uint8Array): number[] => [...read.entries()].filter(([, flag]) => flag === 1).map(([i]) => i);

it('resolutions and layers', () => {
  expect(resolutions(sd21)).toEqual([64, 32, 16, 8]);
  expect([64, 32, 16, 8, 4].map((side) => layersAt(sd21, side).length)).toEqual([5, 5, 5, 1, 0]);
  expect(layersAt(sd21, 8)).toEqual([{ name: 'mid_block.attentions.0', level: 3, heads: 20 }]);
});

describe('selection', () => {
  it("of SD 2.1's defaults", () => {
    const { cross, self } = sd21.defaults.inference;
    const selection = mapSelection(sd21, { cross, self });
    expect(flags(selection.crossLayers)).toEqual([4, 5, 7, 8, 9]);
    expect(flags(selection.selfLayers)).toHaveLength(16);
    expect([...selection.crossWeights]).toEqual([0, 0, 1, 0]);
    [8 / 15, 4 / 15, 2 / 15, 1 / 15].forEach((weight, level) =>
      expect(selection.selfWeights[level]).toBeCloseTo(weight, 7),
    );
    expect(selection.crossHeads).toHaveLength(16 * 20);
    expect([...selection.crossHeads.subarray(4 * 20, 5 * 20)]).toEqual(new Array(20).fill(Math.fround(1 / 100)));
    expect([...selection.selfHeads.subarray(0, 20)]).toEqual([
      ...new Array(5).fill(Math.fround(1 / 25)),
      ...new Array(15).fill(0),
    ]);
    expect(selection.crossScale).toBe('none');
  });

  it('a level of layers with different head counts sums to 1', () => {
    const selection = mapSelection(tiny, { cross: { 16: 0.5 }, self: { 32: 3, 16: 1 }, crossScale: 'min-max' });
    expect(flags(selection.crossLayers)).toEqual([1, 3]);
    expect([...selection.crossHeads]).toEqual([0, 0, 0, 0, 0.25, 0.25, 0, 0, 0, 0, 0, 0, 0.25, 0.25, 0, 0]);
    expect([...selection.crossWeights]).toEqual([0, 0.5, 0]);
    expect([...selection.selfWeights]).toEqual([0.75, 0.25, 0]);
    expect(selection.crossScale).toBe('min-max');
  });

  it('nothing, and weights of 0, read nothing', () => {
    const selection = mapSelection(tiny, { cross: { 16: 0 } });
    expect([...selection.crossLayers, ...selection.selfLayers, ...selection.crossHeads]).toEqual(new Array(24).fill(0));
    expect([...selection.selfWeights]).toEqual([0, 0, 0]);
  });

  it('layers by name or block, heads for all or by name', () => {
    const one = mapSelection(sd21, {
      self: { 64: 1 },
      selfLayers: { layers: ['up_blocks.3.attentions.1'], heads: [1, 2] },
    });
    expect(flags(one.selfLayers)).toEqual([14]);
    expect([...one.selfHeads.subarray(14 * 20, 14 * 20 + 5)]).toEqual([0, 0.5, 0.5, 0, 0]);
    const block = mapSelection(sd21, {
      cross: { 32: 0.3, 16: 0.7 },
      crossLayers: { layers: ['up_blocks.1', 'up_blocks.2.attentions.0'], heads: { 'up_blocks.2': [0] } },
    });
    expect(flags(block.crossLayers)).toEqual([7, 8, 9, 10]);
    expect(block.crossHeads[10 * 20]).toBe(1);
    expect(block.crossHeads[7 * 20 + 19]).toBeCloseTo(1 / 60, 8);
  });
});

describe('refused', () => {
  const cases: [string, MapChoice, RegExp][] = [
    [
      'an unknown resolution',
      { cross: { 128: 1 } },
      /model stable-diffusion-2\.1 \(64, 32, 16, 8\) for cross weights but received 128/,
    ],
    ['a resolution that is no number', { self: { x: 1 } as never }, /for self weights but received x/],
    ['a negative weight', { cross: { 16: -1 } }, /cross weight of resolution 16 but received -1/],
    ['NaN', { self: { 16: NaN } }, /self weight of resolution 16 but received NaN/],
    ['a text', { self: { 16: '1' } as never }, /self weight of resolution 16 but received the string "1"/],
    [
      'an unknown layer',
      { cross: { 16: 1 }, crossLayers: { layers: ['up_blocks.9'] } },
      /for cross layers but received up_blocks\.9/,
    ],
    [
      'half a name',
      { cross: { 16: 1 }, crossLayers: { layers: ['up_blocks.1.att'] } },
      /but received up_blocks\.1\.att/,
    ],
    [
      'a layer elsewhere',
      { cross: { 16: 1 }, crossLayers: { layers: ['up_blocks.1', 'up_blocks.3'] } },
      /received up_blocks\.3, which is at 64/,
    ],
    [
      'no layer left',
      { cross: { 16: 1, 8: 1 }, crossLayers: { layers: ['up_blocks.1'] } },
      /layer of resolution 8 for cross layers but received up_blocks\.1/,
    ],
    [
      'an empty list of layers',
      { cross: { 16: 1 }, crossLayers: { layers: [] } },
      /layer of resolution 16 .* received none/,
    ],
    [
      'a head too many',
      { self: { 64: 1 }, selfLayers: { heads: [5] } },
      /heads from 0 to 4 for self heads of down_blocks\.0\.attentions\.0 but received 5/,
    ],
    ['a head twice', { self: { 64: 1 }, selfLayers: { heads: [1, 1] } }, /received 1, 1/],
    ['no heads', { self: { 64: 1 }, selfLayers: { heads: [] } }, /received none/],
    ['half a head', { self: { 64: 1 }, selfLayers: { heads: [0.5] } }, /received 0\.5/],
    [
      'heads of an unknown layer',
      { self: { 64: 1 }, selfLayers: { heads: { x: [1] } } },
      /for self layers but received x/,
    ],
  ];
  it.each(cases)('%s', (_, choice, message) => {
    let error: unknown;
    try {
      mapSelection(sd21, choice);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect((error as InvSegError).message.split('\n')[0]).toMatch(message);
  });
});
