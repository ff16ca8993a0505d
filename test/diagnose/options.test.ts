/** Every option on the model in the package: what the probes see is what a run does, and they are shared only where it is the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../lib/datasets/index.js';
import { readTraining } from '../../lib/diagnose/attention.js';
import type { Picture } from '../../lib/diagnose/picture.js';
import { openPicture, probePicture } from '../../lib/diagnose/picture.js';
import { compareLosses } from '../../lib/diagnose/probe.js';
import { baselineKey, lossKey } from '../../lib/diagnose/variants.js';
import { Segmenter } from '../../lib/index.js';
import type { MethodOverrides, Scope } from '../../lib/options/index.js';
import { methodRows, optionsOf, resolveOptions } from '../../lib/options/index.js';
import { alternatives, changes, companions, merged } from '../options/alternatives.js';
import { makeFolder } from './folder.js';

const root = mkdtempSync(path.join(tmpdir(), 'invseg-options-'));
let segmenter: Segmenter;
let picture: Picture;
beforeAll(async () => {
  makeFolder(root, 1);
  segmenter = await Segmenter.open({ device: 'cpu' });
  const dataset = await openDataset({ kind: 'folder', root });
  picture = (await openPicture(dataset, dataset.ids[0]!)) as Picture;
});
afterAll(async () => {
  await segmenter.dispose();
  rmSync(root, { recursive: true });
});

/** Options that InvSeg itself does not read, though they may change another method's masks. */
const ofOthers = /^(method$|prompt\.caption$|diffseg\.|iseg\.)/;

const scopesOf = (overrides: MethodOverrides, key: string, base: MethodOverrides): Set<Scope> => {
  const [before, after] = [base, merged(base, overrides)].map((given) =>
    resolveOptions({ ...given, method: 'invseg' }),
  );
  const scopes = ['loop', 'loss', 'prediction'] as const;
  const own = scopes.filter(
    (scope) => JSON.stringify(optionsOf(scope, before!)) !== JSON.stringify(optionsOf(scope, after!)),
  );
  return new Set(ofOthers.test(key) ? [] : own);
};

/** What a run gives under some options; three texts that are equal where nothing changed. */
async function look(overrides: MethodOverrides): Promise<Record<'loop' | 'loss' | 'prediction', string>> {
  // The decays of Adam come into play with its second step, and are seen in the loss of the third.
  const given: MethodOverrides = { steps: 3, ...overrides, method: 'invseg' };
  const input = picture.item.imagePath;
  const { probe } = await probePicture(segmenter, picture, given, false, undefined);
  const still = await segmenter.segment(input, { ...given, categories: picture.names, steps: 0, saveMaps: true });
  const run = await segmenter.segment(input, { ...given, categories: picture.names });
  return {
    loss: JSON.stringify(probe),
    prediction: JSON.stringify([[...still.labels], still.segments.map(({ score }) => score), [...still.maps!.data]]),
    loop: JSON.stringify(run.losses.map(({ milliseconds: _, ...loss }) => loss)),
  };
}

const seen = new Map<string, ReturnType<typeof look>>();
function lookOnce(overrides: MethodOverrides): ReturnType<typeof look> {
  const key = JSON.stringify(overrides);
  if (!seen.has(key)) seen.set(key, look(overrides));
  return seen.get(key)!;
}

describe('the table of options', () => {
  it('has every option, and an alternative for each', () => {
    expect(Object.keys(alternatives).sort()).toEqual(
      methodRows()
        .map(({ key }) => key)
        .sort(),
    );
  });

  it.each(changes)('says what %s can change', async (_, key, overrides) => {
    const base = companions[key] ?? {};
    const [before, after] = [await lookOnce(base), await lookOnce(merged(base, overrides))];
    const changed = (['loop', 'loss', 'prediction'] as const).filter((scope) => before[scope] !== after[scope]);
    expect(new Set(changed)).toEqual(scopesOf(overrides, key, base));
  });

  it.each(changes)('%s shares a probe and a baseline only where they are the same', async (_, key, overrides) => {
    const base = companions[key] ?? {};
    const [before, after] = [await lookOnce(base), await lookOnce(merged(base, overrides))];
    const [one, other] = [base, merged(base, overrides)].map((given) => resolveOptions({ ...given, method: 'invseg' }));
    if (lossKey(one!) === lossKey(other!)) expect(after.loss).toBe(before.loss);
    if (baselineKey(one!) === baselineKey(other!)) expect(after.prediction).toBe(before.prediction);
  });
});

describe('the probed loss', () => {
  // A step always adds noise, and draws a latent of its own.
  const probed = changes.filter(([, key]) => key !== 'inference.noise' && key !== 'latentSample');

  it.each(probed)("is the engine's own with %s", async (_, key, overrides) => {
    let [ours, theirs] = [NaN, NaN];
    await segmenter.observe(
      picture.item.imagePath,
      { ...merged(companions[key] ?? {}, overrides), method: 'invseg', steps: 0, categories: picture.names },
      async (_step, inversion, context) => {
        const attention = await readTraining(context);
        const all = context.prompts.categories.length;
        const { losses } = compareLosses(attention, new Float32Array(attention.side ** 2 * all), all, context.options);
        ours = losses.soft.total;
        // One view of the whole picture, at the timestep and under the noise of the prediction.
        const views = {
          boxes: Float32Array.of(0, 0, 1, 1),
          timesteps: Int32Array.of(context.options.inference.timestep),
          noiseSeed: context.inferenceSeed,
        };
        theirs = (await inversion.step(views)).loss;
      },
    );
    expect(ours).toBeCloseTo(theirs, 4);
  });

  it("is the engine's own where the names need several prompts", async () => {
    const names = ['cat', 'dog', ...Array.from({ length: 30 }, (_, i) => `thing ${i}`)];
    let [ours, theirs] = [NaN, NaN];
    await segmenter.observe(
      picture.item.imagePath,
      { steps: 0, categories: names },
      async (_step, inversion, context) => {
        expect(context.prompts.count).toBeGreaterThan(1);
        const attention = await readTraining(context);
        const all = context.prompts.categories.length;
        ours = compareLosses(attention, new Float32Array(attention.side ** 2 * all), all, context.options).losses.soft
          .total;
        const views = {
          boxes: Float32Array.of(0, 0, 1, 1),
          timesteps: Int32Array.of(50),
          noiseSeed: context.inferenceSeed,
        };
        theirs = (await inversion.step(views)).loss;
      },
    );
    expect(ours).toBeCloseTo(theirs, 4);
  });
});
