/** The loop on the miniature with given views: the addon in float32 against the float64 reference. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../lib/image/decode.js';
import { inversionOptions } from '../../lib/methods/inversion.js';
import type { SegmenterParts } from '../../lib/methods/model.js';
import { resolveWeights, selectAll } from '../../lib/methods/selections.js';
import type { NativeStepResult } from '../../lib/native/binding.js';
import { type MethodOverrides, resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';
import { openParts } from '../../lib/segmenter/open.js';
import { ROOT, readFloats, relativeError, runReference } from './reference.js';
import { openGolden } from './setup.js';

const PICTURE = path.join(ROOT, 'models', 'miniature', 'pictures', 'dog-sofa.png');
const CATEGORIES = ['dog', 'sofa', 'potted plant'];
const SCALARS = ['loss', 'cluster', 'entropy', 'intra', 'inter', 'gradientNorm'] as const;

interface Setting {
  name: string;
  steps: number;
  overrides: MethodOverrides;
  /** The same options as fields of the reference's LoopOptions. */
  reference: Record<string, unknown>;
}

const SETTINGS: Setting[] = [
  { name: 'defaults', steps: 15, overrides: {}, reference: {} },
  {
    name: 'two resolutions at the side of the latent, constant self-attention, both orders of a pair',
    steps: 3,
    overrides: {
      attention: { training: { 16: 0.75, 32: 0.25 }, frame: 'latent' },
      loss: { gradient: 'self-constant', interPairs: 'symmetric', alpha: 10, anchorScale: 8 },
    },
    reference: { gradient: 'self-constant', symmetric: true, alpha: 10, anchor_scale: 8 },
  },
  {
    name: 'keys only',
    steps: 3,
    overrides: { loss: { gradient: 'keys-only' }, adam: { learningRate: 0.003 } },
    reference: { gradient: 'keys-only', learning_rate: 0.003 },
  },
  {
    name: 'constant distances',
    steps: 3,
    overrides: { loss: { gradient: 'distance-constant', clusterWeight: 2 } },
    reference: { gradient: 'distance-constant', cluster_weight: 2 },
  },
];

interface Run {
  steps: NativeStepResult[];
  labels: Uint8Array;
  baseline: Uint8Array;
  maps: Float32Array;
  embedding: Float32Array;
}

/** The same numbers in [0, 1) on every machine. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Two boxes inside the picture, sides 0.6 to 1. */
function boxes(next: () => number): number[][] {
  return [0, 1].map(() => {
    const side = 0.6 + 0.4 * next();
    return [next() * (1 - side), next() * (1 - side), side, side].map(Math.fround);
  });
}

/** Writes the request for the reference and runs the addon with the same numbers. */
async function runAddon(parts: SegmenterParts, setting: Setting, folder: string): Promise<Run> {
  const { rgb, width, height } = await decodeImage(PICTURE);
  const options = resolveOptions(setting.overrides);
  const prompts = parts.buildPrompts(CATEGORIES, { ...options.prompt, background: options.background });
  const selections = selectAll(parts, options);
  const next = sequence(1);
  const steps = Array.from({ length: setting.steps }, () => ({
    boxes: boxes(next),
    timestep: 5 + Math.floor(next() * 296),
    noiseSeed: Math.floor(next() * 2 ** 32),
  }));
  const predict = { timestep: 50, noiseSeed: 7, width, height };
  const { defaults, folder: bundle } = parts.model;
  writeFileSync(path.join(folder, 'picture.u8'), rgb);
  const request = {
    bundle,
    picture: { file: path.join(folder, 'picture.u8'), width, height },
    ids: [...prompts.ids],
    spans: prompts.categories.map((_, c) => [...prompts.spans.subarray(3 * c + 1, 3 * c + 3)]),
    frame: selections.frame,
    training: resolveWeights('trainingResolutions', options.attention.training, defaults.training, parts.model),
    inference: { self: defaults.inferenceSelf, cross: defaults.inferenceCross },
    options: setting.reference,
    steps,
    predict,
  };
  writeFileSync(path.join(folder, 'request.json'), JSON.stringify(request));

  const embedding = await parts.engine.encodeText(prompts.ids, prompts.count);
  const image = await parts.engine.encodeImage(rgb, width, height, false, 0);
  const inversion = await parts.engine.createInversion(
    image,
    embedding,
    inversionOptions({ options, prompts, selections }),
  );
  const { refineIterations } = options.attention;
  const { order } = options.inference;
  const label = () =>
    inversion.predict({ selection: selections.inference, refineIterations, order, maps: true, ...predict });
  const before = await label();
  const results: NativeStepResult[] = [];
  for (const { boxes: own, timestep, noiseSeed } of steps) {
    const timesteps = Int32Array.of(timestep, timestep);
    results.push(await inversion.step({ boxes: Float32Array.from(own.flat()), timesteps, noiseSeed }));
  }
  const after = await label();
  const run = {
    steps: results,
    labels: after.labels,
    baseline: before.labels,
    maps: after.maps as Float32Array,
    embedding: await inversion.embedding(),
  };
  for (const handle of [inversion, image, embedding]) handle.dispose();
  return run;
}

const golden = openGolden();
const title = 'the loop against the reference';

describe.skipIf(typeof golden === 'string')(
  typeof golden === 'string' ? `${title} (skipped: ${golden})` : title,
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-loop-'));
    let parts: SegmenterParts;

    beforeAll(async () => {
      parts = await openParts(resolveEngineOptions({ device: 'cpu', dtype: 'float32' }));
    });

    afterAll(async () => {
      await parts.engine.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(SETTINGS)(
      '$name: losses of every step, labels',
      async (setting) => {
        if (typeof golden === 'string') return;
        const run = await runAddon(parts, setting, folder);
        const request = path.join(folder, 'request.json');
        await runReference(golden.python, 'loop_case.py', ['--request', request, '--out', folder]);
        const { steps } = JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8')) as {
          steps: Record<(typeof SCALARS)[number], number>[];
        };

        const worst: Record<string, number> = {};
        expect(run.steps).toHaveLength(setting.steps);
        run.steps.forEach((step, i) => {
          expect(step.finite).toBe(true);
          for (const name of SCALARS) {
            const error = relativeError([step[name]], [steps[i]?.[name] as number]);
            worst[name] = Math.max(worst[name] ?? 0, error);
            expect.soft(error, `${name} of step ${i + 1}`).toBeLessThanOrEqual(1e-3);
          }
        });

        const equal = (['baseline', 'labels'] as const).map((name) => {
          const wanted = readFileSync(path.join(folder, `${name}.u8`));
          expect(run[name].length).toBe(wanted.length);
          return run[name].reduce((sum, label, i) => sum + Number(label === wanted[i]), 0) / wanted.length;
        });
        const floats = (['maps', 'embedding'] as const).map((name) =>
          relativeError(run[name], readFloats(path.join(folder, `${name}.f32`))),
        );
        const losses = run.steps.map(({ loss }) => loss.toFixed(4));
        const errors = Object.entries(worst).map(([name, error]) => `${name} ${error.toExponential(1)}`);
        console.log(
          `${setting.name}: loss ${losses[0]} to ${losses.at(-1)} in ${losses.length} steps\n` +
            `largest relative errors: ${errors.join(', ')}\n` +
            `equal labels before and after: ${equal.map((share) => `${(100 * share).toFixed(3)} %`).join(', ')}; ` +
            `maps ${floats[0]?.toExponential(1)}, embedding ${floats[1]?.toExponential(1)}`,
        );
        for (const share of equal) expect(share).toBeGreaterThanOrEqual(0.999);
        for (const error of floats) expect(error).toBeLessThanOrEqual(1e-3);
        expect(new Set(run.labels).size).toBeGreaterThan(1);
      },
      120_000,
    );
  },
);
