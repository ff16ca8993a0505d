/** Fifteen steps on the miniature with given views: the addon in float32 against the float64 reference. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NativeStepResult } from '../../lib/native/binding.js';
import { decodeImage } from '../../lib/image/decode.js';
import { inversionOptions } from '../../lib/methods/inversion.js';
import { resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';
import { openParts } from '../../lib/segmenter/open.js';
import { selectAll } from '../../lib/segmenter/selections.js';
import { readFloats, relativeError, ROOT, runReference } from './reference.js';
import { openGolden } from './setup.js';

const PICTURE = path.join(ROOT, 'models', 'miniature', 'pictures', 'dog-sofa.png');
const CATEGORIES = ['dog', 'sofa', 'potted plant'];
const STEPS = 15;
const SCALARS = ['loss', 'cluster', 'entropy', 'intra', 'inter', 'gradientNorm'] as const;

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

const golden = openGolden();

describe.skipIf(typeof golden === 'string')(
  typeof golden === 'string' ? `the loop against the reference (skipped: ${golden})` : 'the loop against the reference',
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-loop-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    let expected: { steps: Record<(typeof SCALARS)[number], number>[] };
    let actual: NativeStepResult[] = [];
    let native: { labels: Uint8Array; baseline: Uint8Array; maps: Float32Array; embedding: Float32Array };
    const bytes = (name: string) => new Uint8Array(readFileSync(path.join(folder, name)));

    beforeAll(async () => {
      if (typeof golden === 'string') return;
      const parts = await openParts(resolveEngineOptions({ device: 'cpu', dtype: 'float32' }));
      try {
        const { rgb, width, height } = await decodeImage(PICTURE);
        const options = resolveOptions({});
        const prompts = parts.buildPrompts(CATEGORIES, options);
        const selections = selectAll(parts, options);
        const next = sequence(1);
        const steps = Array.from({ length: STEPS }, () => ({
          boxes: boxes(next),
          timestep: 5 + Math.floor(next() * 296),
          noiseSeed: Math.floor(next() * 2 ** 32),
        }));
        const predict = { timestep: 50, noiseSeed: 7, width, height };

        writeFileSync(path.join(folder, 'picture.u8'), rgb);
        const spans = Array.from({ length: prompts.spans.length / 3 }, (_, c) => [...prompts.spans.subarray(3 * c + 1, 3 * c + 3)]);
        const request = {
          bundle: parts.model.folder,
          picture: { file: path.join(folder, 'picture.u8'), width, height },
          ids: [...prompts.ids],
          spans,
          frame: selections.frame,
          training: parts.model.defaults.training,
          inference: { self: parts.model.defaults.inferenceSelf, cross: parts.model.defaults.inferenceCross },
          steps,
          predict,
        };
        writeFileSync(path.join(folder, 'request.json'), JSON.stringify(request));
        await runReference(golden.python, 'loop_case.py', ['--request', path.join(folder, 'request.json'), '--out', folder]);
        expected = JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8')) as typeof expected;

        const embedding = await parts.engine.encodeText(prompts.ids, prompts.count);
        const image = await parts.engine.encodeImage(rgb, width, height, false, 0);
        const inversion = await parts.engine.createInversion(
          image,
          embedding,
          inversionOptions({ options, prompts, selections }),
        );
        const label = () =>
          inversion.predict({
            selection: selections.inference,
            refineIterations: options.refineIterations,
            order: options.order,
            maps: true,
            ...predict,
          });
        const before = await label();
        for (const { boxes: own, timestep, noiseSeed } of steps) {
          const step = { boxes: Float32Array.from(own.flat()), timesteps: Int32Array.of(timestep, timestep), noiseSeed };
          actual.push(await inversion.step(step));
        }
        const after = await label();
        native = {
          labels: after.labels,
          baseline: before.labels,
          maps: after.maps as Float32Array,
          embedding: await inversion.embedding(),
        };
        for (const handle of [inversion, image, embedding]) handle.dispose();
      } finally {
        await parts.engine.dispose();
      }
    }, 180_000);

    it('has the losses of the reference in every step', () => {
      const worst: Record<string, number> = {};
      expect(actual).toHaveLength(STEPS);
      actual.forEach((step, i) => {
        expect(step.finite).toBe(true);
        for (const name of SCALARS) {
          const wanted = expected.steps[i]?.[name] as number;
          const error = Math.abs(step[name] - wanted) / Math.abs(wanted);
          worst[name] = Math.max(worst[name] ?? 0, error);
          if (name !== 'gradientNorm') expect.soft(error, `${name} of step ${i + 1}`).toBeLessThanOrEqual(1e-3);
        }
      });
      const first = actual[0] as NativeStepResult;
      const last = actual[STEPS - 1] as NativeStepResult;
      const errors = Object.entries(worst).map(([name, error]) => `${name} ${error.toExponential(1)}`);
      console.log(`loss ${first.loss.toFixed(4)} to ${last.loss.toFixed(4)}; largest relative errors: ${errors.join(', ')}`);
    });

    it('labels the picture as the reference does', () => {
      const shares = ([['baseline', native.baseline], ['labels', native.labels]] as const).map(([name, labels]) => {
        const wanted = bytes(`${name}.u8`);
        expect(labels.length).toBe(wanted.length);
        return labels.reduce((equal, label, i) => equal + Number(label === wanted[i]), 0) / wanted.length;
      });
      const maps = relativeError(native.maps, readFloats(path.join(folder, 'maps.f32')));
      const embedding = relativeError(native.embedding, readFloats(path.join(folder, 'embedding.f32')));
      console.log(
        `equal labels: before ${((shares[0] as number) * 100).toFixed(3)} %, after ${((shares[1] as number) * 100).toFixed(3)} %; ` +
          `relative errors: maps ${maps.toExponential(1)}, embedding ${embedding.toExponential(1)}`,
      );
      for (const share of shares) expect(share).toBeGreaterThanOrEqual(0.999);
      expect(new Set(native.labels).size).toBeGreaterThan(1);
    });
  },
);
