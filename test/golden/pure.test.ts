/** The pure functions in float32 against the float64 reference: values and gradients, N = 256 and 1024, C = 1 to 8. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NativeBinding, NativeEntropyOptions } from '../../lib/native/binding.js';
import { readFloats, relativeError, runReference } from './reference.js';
import { openGolden } from './setup.js';

/** Largest error allowed, ‖a − b‖ / ‖b‖. */
const TOLERANCE = 1e-4;

interface StoredArray {
  file: string;
  shape: number[];
}

interface Case {
  function: string;
  name: string;
  arguments: Record<string, unknown>;
  inputs: Record<string, StoredArray | StoredArray[]>;
  expected: Record<string, number | StoredArray | StoredArray[]>;
}

type Values = Record<string, number | Float32Array | Float32Array[] | null>;

/** Calls the addon with a case's inputs; the names of the result are those of the reference. */
function call(binding: NativeBinding, c: Case, load: (entry: StoredArray) => Float32Array): Values {
  const args = c.arguments;
  const number = (name: string) => args[name] as number;
  const array = (name: string) => load(c.inputs[name] as StoredArray);
  switch (c.function) {
    case 'aggregateAttention':
      return binding.aggregateAttention(
        args['kind'] as 'self' | 'cross',
        (c.inputs['maps'] as StoredArray[]).map(load),
        Int32Array.from(args['sides'] as number[]),
        Float32Array.from(args['weights'] as number[]),
        number('size'),
        args['minMax'] as boolean,
        array('upstream'),
      );
    case 'refineAttention':
      return binding.refineAttention(
        array('self'),
        array('cross'),
        number('points'),
        number('categories'),
        number('iterations'),
        array('upstream'),
      );
    case 'clusterLoss':
      return binding.clusterLoss(
        array('self'),
        array('maps'),
        number('points'),
        number('categories'),
        number('anchorScale'),
        number('anchorCentre'),
        args['interPairs'] as 'printed' | 'symmetric',
        args['distanceConstant'] as boolean,
      );
    case 'entropyLoss':
      return binding.entropyLoss(
        array('maps'),
        array('coverage'),
        number('views'),
        number('points'),
        number('categories'),
        args['options'] as NativeEntropyOptions,
      );
    case 'adamStep':
      return binding.adamStep(
        array('parameter'),
        array('gradient'),
        array('firstMoment'),
        array('secondMoment'),
        number('step'),
        number('learningRate'),
        number('beta1'),
        number('beta2'),
        number('eps'),
      );
    default:
      throw new Error(`no function ${c.function}`);
  }
}

function isStored(value: unknown): value is StoredArray {
  return typeof value === 'object' && value !== null && 'file' in value;
}

const golden = openGolden();
const title = 'pure functions against the reference';

describe.skipIf(typeof golden === 'string')(
  typeof golden === 'string' ? `${title} (skipped: ${golden})` : title,
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-golden-'));
    const worst = new Map<string, { error: number; name: string; count: number }>();
    let cases: Case[] = [];

    beforeAll(async () => {
      if (typeof golden === 'string') return;
      await runReference(golden.python, 'cases.py', ['--out', folder]);
      cases = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) as Case[];
    }, 120_000);

    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
      const rows = [...worst].map(
        ([what, { error, name, count }]) =>
          `${what.padEnd(34)} ${error.toExponential(1)}  of ${count} cases, worst: ${name}`,
      );
      console.log(`largest relative errors, float32 against float64 (allowed ${TOLERANCE}):\n${rows.join('\n')}`);
    });

    function check(what: string, name: string, actual: unknown, expected: number | StoredArray): void {
      const values = isStored(expected) ? readFloats(path.join(folder, expected.file)) : [expected];
      const error = relativeError(isStored(expected) ? (actual as Float32Array) : [actual as number], values);
      const before = worst.get(what);
      worst.set(what, {
        error: Math.max(error, before?.error ?? 0),
        name: before !== undefined && before.error >= error ? before.name : name,
        count: (before?.count ?? 0) + 1,
      });
      expect.soft(error, `${what}, ${name}`).toBeLessThanOrEqual(TOLERANCE);
    }

    for (const wanted of ['aggregateAttention', 'refineAttention', 'clusterLoss', 'entropyLoss', 'adamStep']) {
      it(wanted, () => {
        if (typeof golden === 'string') return;
        const own = cases.filter((c) => c.function === wanted);
        expect(own.length).toBeGreaterThan(0);
        for (const c of own) {
          const values = call(golden.binding, c, (entry) => readFloats(path.join(folder, entry.file)));
          for (const [key, expected] of Object.entries(c.expected)) {
            const actual = values[key];
            if (Array.isArray(expected)) {
              expected.forEach((one, i) => check(`${wanted} ${key}`, c.name, (actual as Float32Array[])[i], one));
            } else {
              check(`${wanted} ${key}`, c.name, actual, expected);
            }
          }
        }
      }, 60_000);
    }
  },
);
