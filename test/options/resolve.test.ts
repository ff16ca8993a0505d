import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import type {
  EngineOptions,
  engineTable,
  MethodOptions,
  MethodOverrides,
  methodTable,
  OutputOptions,
  outputTable,
  ValuesOf,
} from '../../lib/options/index.js';
import {
  defaults,
  methodRows,
  presets,
  resolveEngineOptions,
  resolveOptions,
  resolveOutput,
} from '../../lib/options/index.js';

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
    expect(resolveOptions({ steps: undefined, views: { crop: undefined } })).toEqual(defaults);
  });

  it('have the types that are written down (else: npm run generate)', () => {
    expectTypeOf<ValuesOf<typeof methodTable>>().toEqualTypeOf<MethodOptions>();
    expectTypeOf<ValuesOf<typeof outputTable>>().toEqualTypeOf<OutputOptions>();
    expectTypeOf<ValuesOf<typeof engineTable>>().toEqualTypeOf<EngineOptions>();
  });

  it("are the paper's where it states them", () => {
    expect(defaults).toMatchObject({
      steps: 15,
      adam: { learningRate: 0.01 },
      loss: { alpha: 1, anchorScale: 4, gradient: 'exact' },
      views: { count: 2, timesteps: [5, 300] },
      inference: { timestep: 50 },
    });
  });

  it('are not shared with a result: changing one leaves the next call alone', () => {
    (resolveOptions().views.crop as { min: number }).min = 0.1;
    expect(resolveOptions().views.crop.min).toBe(0.6);
  });
});

describe('layers', () => {
  it('lay a nested group over its defaults key by key', () => {
    expect(resolveOptions({ views: { crop: { min: 0.8 } } }).views.crop).toEqual({ ...defaults.views.crop, min: 0.8 });
    expect(resolveOptions({ loss: { entropy: { reduce: 'sum' } } }).loss.entropy).toEqual({
      ...defaults.loss.entropy,
      reduce: 'sum',
    });
  });

  it('let what is given win over a preset', () => {
    const { steps, attention } = resolveOptions({ preset: 'paper', steps: 3 });
    expect([steps, attention.training]).toEqual([3, { 16: 1 }]);
  });

  it.each(Object.keys(presets))('the preset %s is valid', (preset) => {
    expect(() => resolveOptions({ preset })).not.toThrow();
  });
});

const bad: [name: string, value: unknown, path?: string][] = [
  ...[-1, 1.5, 1001, NaN, Infinity, '15', null, true, 10n, {}].map((v): [string, unknown] => ['steps', v]),
  ...[-1, 2 ** 32, 0.5, NaN, '0'].map((v): [string, unknown] => ['seed', v]),
  ...[0, -0.01, NaN, -Infinity, '0.01'].map((v): [string, unknown] => ['adam.learningRate', v]),
  ...[-0.1, 1, NaN].map((v): [string, unknown] => ['adam.beta1', v]),
  ['adam.beta2', 1],
  ['adam.eps', 0],
  ['loss.alpha', -1],
  ['loss.clusterWeight', NaN],
  ['loss.anchorScale', 0],
  ['loss.anchorCentre', 1.01],
  ['loss.interPairs', 'both'],
  ['loss.gradient', 'Exact'],
  ['loss.gradient', 1],
  ['views.fresh', 'per-step'],
  ...[0, 17, 1.5].map((v): [string, unknown] => ['views.count', v]),
  ['views.crop', 0.6],
  ['views.crop', null],
  ['views.crop', { min: 0 }, 'views.crop.min'],
  ['views.crop', { max: 1.2 }, 'views.crop.max'],
  ['views.crop', { min: 0.9, max: 0.7 }, 'views.crop.min'],
  ['views.crop', { rule: 'square' }, 'views.crop.rule'],
  ['views.crop', { ratio: [2, 1] }, 'views.crop.ratio'],
  ['views.crop', { ratio: 1 }, 'views.crop.ratio'],
  ['views.crop', { minimum: 0.6 }, 'views.crop.minimum'],
  ['views.timesteps', [300, 5]],
  ['views.timesteps', [5]],
  ['views.timesteps', [5, 1000], 'views.timesteps[1]'],
  ['views.timesteps', [-1, 10], 'views.timesteps[0]'],
  ['views.timesteps', 300],
  ['inference.timestep', 1000],
  ['prompt.trainable', 'none'],
  ['attention.subtokens', 'first'],
  ['attention.training', {}],
  ['attention.training', { 16: 0 }],
  ['attention.training', { 16: -1 }, 'attention.training.16'],
  ['attention.training', { 16: NaN }, 'attention.training.16'],
  ['attention.training', { '16x16': 1 }, 'attention.training.16x16'],
  ['attention.training', [16]],
  ['attention.inferenceCross', 'all'],
  ['attention.inferenceSelf', 64],
  ['attention.frame', 'full'],
  ['attention.frame', 1],
  ['attention.frame', 64.5],
  ['attention.refineIterations', 0],
  ['attention.crossScale', 'yes'],
  ['attention.crossScale', 0],
  ['loss.entropy', { normalise: 'l2' }, 'loss.entropy.normalise'],
  ['prompt.template', 'a photo'],
  ['prompt.template', '{} and {}'],
  ['prompt.separator', 5],
  ['background.name', '  '],
  ['inference.order', 'argmax'],
  ['latentSample', 'false'],
  ['attention.layers', 'all'],
  ['attention.layers', { cross: 'all' }, 'attention.layers.cross'],
  ['attention.layers', { inferenceCross: 'none' }, 'attention.layers.inferenceCross'],
  ['attention.layers', { inferenceCross: { layers: [] } }, 'attention.layers.inferenceCross.layers'],
  ['attention.layers', { inferenceCross: { layers: [1] } }, 'attention.layers.inferenceCross.layers'],
  ['attention.layers', { inferenceCross: { heads: [-1] } }, 'attention.layers.inferenceCross.heads'],
  [
    'attention.layers',
    { inferenceCross: { heads: { mid_block: [0.5] } } },
    'attention.layers.inferenceCross.heads.mid_block',
  ],
  ['attention.layers', { trainingSelf: { head: [0] } }, 'attention.layers.trainingSelf.head'],
  ['method', 'diffcut'],
  ['preset', 'papre'],
];

/** `views.count` and 3 → `{ views: { count: 3 } }` */
const nested = (key: string, value: unknown): MethodOverrides =>
  key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as MethodOverrides;

describe('bad values', () => {
  it.each(bad)('%s = %o is refused by name', (name, value, path = name) => {
    const error = refusal(() => resolveOptions(nested(name, value)));
    expect(error.code).toBe('INVALID_OPTION');
    expect(`${error.message} `).toMatch(new RegExp(`(for|option) ${path.replace(/[.[\]]/g, '\\$&')}[. ]`));
  });

  it('say what was expected and what came', () => {
    expect(refusal(() => resolveOptions({ steps: -1 })).message).toBe(
      'Expected an integer from 0 to 1000 for steps but received -1',
    );
    expect(refusal(() => resolveOptions({ steps: '15' as never })).message).toContain('received the string "15"');
    expect(refusal(() => resolveOptions({ loss: { gradient: 'x' as never } })).message).toContain(
      '"self-constant" or "keys-only"',
    );
  });

  it('tell a list as it is', () => {
    expect(refusal(() => resolveOptions({ views: { timesteps: [300, 5] } })).message).toBe(
      'Expected [low, high], each an integer from 0 to 999, low ≤ high for views.timesteps but received the list [300, 5]',
    );
    expect(refusal(() => resolveOptions({ views: { timesteps: [1, 2, 3] as never } })).message).toContain(
      'received the list [1, 2, 3]',
    );
    expect(refusal(() => resolveOptions({ views: { timesteps: Array(1e6).fill(1) as never } })).message).toContain(
      'received an array of length 1000000',
    );
  });

  it('suggest the nearest known name for an unknown one', () => {
    expect(refusal(() => resolveOptions({ step: 1 } as never)).message).toContain('Did you mean steps?');
    expect(refusal(() => resolveOptions({ adam: { learningrate: 1 } } as never)).message).toContain(
      'adam.learningRate?',
    );
    expect(refusal(() => resolveOptions({ views: { crop: { mni: 1 } as never } })).message).toContain(
      'views.crop.min?',
    );
    expect(refusal(() => resolveOptions({ zzzzzzzzzzzz: 1 } as never)).message).toContain('Known are method, steps');
  });

  it('say where an option stands that was given without its group', () => {
    expect(refusal(() => resolveOptions({ learningRate: 1 } as never)).message).toBe(
      'Unknown option learningRate. Did you mean adam.learningRate?',
    );
    expect(refusal(() => resolveOptions({ loss: { beta1: 1 } } as never)).message).toContain(
      'Did you mean adam.beta1?',
    );
  });

  it('say where an option belongs that is none of the method', () => {
    expect(refusal(() => resolveOptions({ saveMaps: true } as never)).message).toBe(
      'Unknown option saveMaps of the method. It is one of the result: the flag --save-maps, or an option of segment',
    );
    expect(refusal(() => resolveOptions({ saveStrengths: true } as never)).message).toBe(
      'Unknown option saveStrengths of the method. It is one of the result: an option of segment',
    );
    expect(refusal(() => resolveOptions({ model: 'x' } as never)).message).toBe(
      'Unknown option model of the method. It is one of the engine: the flag --model, or an option of Segmenter.open',
    );
    expect(refusal(() => resolveOptions({ saveMap: true } as never)).message).toContain('Known are method');
    expect(refusal(() => resolveOutput({ saveMaps: 1 } as never)).message).toContain('saveMaps');
  });

  it.each([null, 1, 'steps', [], new Uint8Array(3)])('options = %j are refused', (value) => {
    expect(refusal(() => resolveOptions(value as never)).code).toBe('INVALID_OPTION');
  });

  it('whatever comes, either valid options or INVALID_OPTION, quickly', () => {
    const names = [...Object.keys(defaults), ...methodRows().map(({ key }) => key)];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.anything(), (name, value) => {
        try {
          const options = resolveOptions(nested(name, value));
          expect(resolveOptions(options)).toEqual(options); // a valid set is a fixed point
        } catch (error) {
          expect((error as InvSegError).code).toBe('INVALID_OPTION');
          expect((error as InvSegError).message.length).toBeLessThan(400);
        }
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
          expect(resolveOptions({ seed, adam: { learningRate: lr } })).toMatchObject({
            seed,
            adam: { learningRate: lr },
          });
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
