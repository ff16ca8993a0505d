import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { defaults, methodDefinitions, presets, resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';

/** The error of a call that must throw one of ours. */
function refusal(call: () => unknown): InvSegError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InvSegError);
    return error as InvSegError;
  }
  throw new Error('nothing was thrown');
}

describe('defaults', () => {
  it('pass their own rules and come back unchanged', () => {
    expect(resolveOptions()).toEqual(defaults);
    expect(resolveOptions({})).toEqual(defaults);
    expect(resolveOptions({ steps: undefined, crop: undefined })).toEqual(defaults);
  });

  it('have a definition each, and no definition is without a default', () => {
    expect(Object.keys(methodDefinitions).sort()).toEqual(Object.keys(defaults).sort());
  });

  it("are the paper's where it states them", () => {
    expect(defaults).toMatchObject({ steps: 15, learningRate: 0.01, alpha: 1, anchorScale: 4, viewCount: 2 });
    expect(defaults).toMatchObject({ timestepRange: [5, 300], inferenceTimestep: 50, gradient: 'exact' });
  });

  it('are not shared with a result: changing one leaves the next call alone', () => {
    (resolveOptions().crop as { min: number }).min = 0.1;
    expect(resolveOptions().crop.min).toBe(0.6);
  });
});

describe('layers', () => {
  it('lay a nested group over its defaults key by key', () => {
    expect(resolveOptions({ crop: { min: 0.8 } }).crop).toEqual({ ...defaults.crop, min: 0.8 });
    expect(resolveOptions({ entropy: { reduce: 'sum' } }).entropy).toEqual({ ...defaults.entropy, reduce: 'sum' });
  });

  it('let what is given win over a preset', () => {
    const { steps, trainingResolutions } = resolveOptions({ preset: 'paper', steps: 3 });
    expect({ steps, trainingResolutions }).toEqual({ steps: 3, trainingResolutions: { 16: 1 } });
  });

  it.each(Object.keys(presets))('the preset %s is valid', (preset) => {
    expect(() => resolveOptions({ preset })).not.toThrow();
  });
});

const bad: [name: string, value: unknown, path?: string][] = [
  ...[-1, 1.5, 1001, NaN, Infinity, '15', null, true, 10n, {}].map((v): [string, unknown] => ['steps', v]),
  ...[-1, 2 ** 32, 0.5, NaN, '0'].map((v): [string, unknown] => ['seed', v]),
  ...[0, -0.01, NaN, -Infinity, '0.01'].map((v): [string, unknown] => ['learningRate', v]),
  ...[-0.1, 1, NaN].map((v): [string, unknown] => ['beta1', v]),
  ['beta2', 1],
  ['adamEps', 0],
  ['alpha', -1],
  ['clusterWeight', NaN],
  ['anchorScale', 0],
  ['anchorCentre', 1.01],
  ['interPairs', 'both'],
  ['gradient', 'Exact'],
  ['gradient', 1],
  ['views', 'per-step'],
  ...[0, 17, 1.5].map((v): [string, unknown] => ['viewCount', v]),
  ['crop', 0.6],
  ['crop', null],
  ['crop', { min: 0 }, 'crop.min'],
  ['crop', { max: 1.2 }, 'crop.max'],
  ['crop', { min: 0.9, max: 0.7 }, 'crop.min'],
  ['crop', { rule: 'square' }, 'crop.rule'],
  ['crop', { ratio: [2, 1] }, 'crop.ratio'],
  ['crop', { ratio: 1 }, 'crop.ratio'],
  ['crop', { minimum: 0.6 }, 'crop.minimum'],
  ['timestepRange', [300, 5]],
  ['timestepRange', [5]],
  ['timestepRange', [5, 1000], 'timestepRange[1]'],
  ['timestepRange', [-1, 10], 'timestepRange[0]'],
  ['timestepRange', 300],
  ['inferenceTimestep', 1000],
  ['trainable', 'none'],
  ['subtokens', 'first'],
  ['trainingResolutions', {}],
  ['trainingResolutions', { 16: 0 }],
  ['trainingResolutions', { 16: -1 }, 'trainingResolutions.16'],
  ['trainingResolutions', { 16: NaN }, 'trainingResolutions.16'],
  ['trainingResolutions', { '16x16': 1 }, 'trainingResolutions.16x16'],
  ['trainingResolutions', [16]],
  ['inferenceCross', 'all'],
  ['inferenceSelf', 64],
  ['frame', 'full'],
  ['frame', 1],
  ['frame', 64.5],
  ['refineIterations', 0],
  ['crossScale', 'yes'],
  ['crossScale', 0],
  ['entropy', { normalise: 'l2' }, 'entropy.normalise'],
  ['template', 'a photo'],
  ['template', '{} and {}'],
  ['separator', 5],
  ['background', '  '],
  ['order', 'argmax'],
  ['latentSample', 'false'],
  ['saveMaps', 1],
  ['layers', 'all'],
  ['layers', { cross: 'all' }, 'layers.cross'],
  ['layers', { inferenceCross: 'none' }, 'layers.inferenceCross'],
  ['layers', { inferenceCross: { layers: [] } }, 'layers.inferenceCross.layers'],
  ['layers', { inferenceCross: { layers: [1] } }, 'layers.inferenceCross.layers'],
  ['layers', { inferenceCross: { heads: [-1] } }, 'layers.inferenceCross.heads'],
  ['layers', { inferenceCross: { heads: { mid_block: [0.5] } } }, 'layers.inferenceCross.heads.mid_block'],
  ['layers', { trainingSelf: { head: [0] } }, 'layers.trainingSelf.head'],
  ['method', 'diffcut'],
  ['preset', 'papre'],
];

describe('bad values', () => {
  it.each(bad)('%s = %o is refused by name', (name, value, path = name) => {
    const error = refusal(() => resolveOptions({ [name]: value }));
    expect(error.code).toBe('INVALID_OPTION');
    expect(`${error.message} `).toMatch(new RegExp(`(for|option) ${path.replace(/[.[\]]/g, '\\$&')}[. ]`));
  });

  it('say what was expected and what came', () => {
    expect(refusal(() => resolveOptions({ steps: -1 })).message).toBe(
      'Expected an integer from 0 to 1000 for steps but received -1',
    );
    expect(refusal(() => resolveOptions({ steps: '15' as never })).message).toContain('received the string "15"');
    expect(refusal(() => resolveOptions({ gradient: 'x' as never })).message).toContain(
      '"self-constant" or "keys-only"',
    );
  });

  it('suggest the nearest known name for an unknown one', () => {
    expect(refusal(() => resolveOptions({ step: 1 } as never)).message).toContain('Did you mean steps?');
    expect(refusal(() => resolveOptions({ learningrate: 1 } as never)).message).toContain('learningRate?');
    expect(refusal(() => resolveOptions({ crop: { mni: 1 } as never })).message).toContain('crop.min?');
    expect(refusal(() => resolveOptions({ zzzzzzzzzzzz: 1 } as never)).message).toContain('Known are method, steps');
  });

  it.each([null, 1, 'steps', [], new Uint8Array(3)])('options = %j are refused', (value) => {
    expect(refusal(() => resolveOptions(value as never)).code).toBe('INVALID_OPTION');
  });

  it('whatever comes, either valid options or INVALID_OPTION, quickly', () => {
    const names = Object.keys(defaults);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.anything(), (name, value) => {
        const began = performance.now();
        try {
          const options = resolveOptions({ [name]: value });
          expect(resolveOptions(options)).toEqual(options); // a valid set is a fixed point
        } catch (error) {
          expect((error as InvSegError).code).toBe('INVALID_OPTION');
          expect((error as InvSegError).message.length).toBeLessThan(400);
        }
        expect(performance.now() - began).toBeLessThan(100);
      }),
      { numRuns: 500 },
    );
  });

  it('every number in range is accepted as it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.double({ min: 1e-9, max: 10, noNaN: true }),
        (seed, lr) => {
          expect(resolveOptions({ seed, learningRate: lr })).toMatchObject({ seed, learningRate: lr });
        },
      ),
    );
  });
});

describe('engine options', () => {
  it('have defaults', () => {
    expect(resolveEngineOptions()).toEqual({
      model: undefined,
      device: 'auto',
      dtype: 'auto',
      threads: 0,
      checkFinite: true,
      trustCode: false,
      copyWeights: false,
    });
  });

  it.each([
    ['device', 'gpu'],
    ['device', 'cuda:'],
    ['device', 0],
    ['dtype', 'fp16'],
    ['threads', -1],
    ['threads', 1.5],
    ['model', ''],
    ['model', 3],
    ['copyWeights', 'yes'],
    ['modle', 'x'],
  ])('%s = %o is refused', (name, value) => {
    expect(refusal(() => resolveEngineOptions({ [name]: value })).code).toBe('INVALID_OPTION');
  });

  it('accept a numbered device', () => {
    expect(resolveEngineOptions({ device: 'cuda:1', threads: 2 })).toMatchObject({ device: 'cuda:1', threads: 2 });
  });
});
