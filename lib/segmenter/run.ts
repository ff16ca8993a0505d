/** Images from input to result, one alone or several in one pass. Nothing here touches a tensor. */

import { Listener } from '../listener.js';
import type { MapSelections, MethodContext, MethodOutcome, Observer, SegmenterParts } from '../methods/index.js';
import { methods, requireFinite, wordFactors } from '../methods/index.js';
import type { MethodName, MethodOptions, OutputOptions } from '../options/index.js';
import { Random } from '../random.js';
import { settled } from '../settled.js';
import type { PromptSet } from '../text/index.js';
import type { Decoding } from './decoding.js';
import { DECODED_AHEAD } from './decoding.js';
import { Handles } from './handles.js';
import { makeResult, makeSegments } from './result.js';
import type { Stop } from './stop.js';
import type { CategoryMaps, Progress, SegmentResult } from './types.js';
import { unknownNames, unknownNamesWarning } from './unknown-names.js';

export interface Run {
  picture: Decoding;
  options: MethodOptions;
  output: OutputOptions;
  prompts: PromptSet;
  selections: MapSelections;
  stop: Stop;
  /** `performance.now()` when the caller called. */
  called: number;
  onProgress: ((progress: Progress) => unknown) | undefined;
  observe?: Observer | undefined;
}

/** @throws what decoding, the engine or `onProgress` throw, `ABORTED` and `DISPOSED`; all handles are free afterwards */
export async function run(parts: SegmenterParts, job: Run): Promise<SegmentResult> {
  const handles = new Handles();
  try {
    const { context, finish } = await prepare(parts, job, handles);
    return await finish(await methods[job.options.method].run(context));
  } finally {
    handles.dispose();
  }
}

/**
 * Jobs of one method and one set of options. An image that cannot be read, or whose prediction fails, fails alone; an error of the
 * steps that all make together is that of all.
 *
 * @returns one entry a job, in their order; all handles are free afterwards
 */
export async function runTogether(
  parts: SegmenterParts,
  jobs: readonly Run[],
): Promise<PromiseSettledResult<SegmentResult>[]> {
  const handles = new Handles();
  try {
    const prepared: PromiseSettledResult<Prepared>[] = [];
    for (const [i, job] of jobs.entries()) {
      for (const next of jobs.slice(i + 1, i + 1 + DECODED_AHEAD)) next.picture.begin();
      prepared.push(await settled(() => prepare(parts, job, handles)));
    }
    const ready = prepared.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const outcomes = await runAll(jobs[0]!.options.method, ready);
    const results: PromiseSettledResult<SegmentResult>[] = [];
    for (const one of prepared) {
      if (one.status === 'rejected') {
        results.push(one);
        continue;
      }
      const outcome = outcomes.get(one.value)!;
      results.push(outcome.status === 'rejected' ? outcome : await settled(() => one.value.finish(outcome.value)));
    }
    return results;
  } finally {
    handles.dispose();
  }
}

async function runAll(
  name: MethodName,
  ready: readonly Prepared[],
): Promise<Map<Prepared, PromiseSettledResult<MethodOutcome>>> {
  const method = methods[name];
  const outcomes = new Map<Prepared, PromiseSettledResult<MethodOutcome>>();
  const together = await method.together?.(ready.map(({ context }) => context));
  for (const [i, one] of ready.entries())
    outcomes.set(one, together?.[i] ?? (await settled(() => method.run(one.context))));
  return outcomes;
}

interface Prepared {
  context: MethodContext;
  finish: Finish;
}

type Finish = (outcome: MethodOutcome) => Promise<SegmentResult>;

/** Everything up to the method, and what makes a result of the method's outcome. The handles are the caller's to free. */
async function prepare(parts: SegmenterParts, job: Run, handles: Handles): Promise<Prepared> {
  const { engine, model } = parts;
  const { options, prompts, selections, stop } = job;
  const steps = methods[options.method].hasSteps ? options.steps : 0;
  const listener = new Listener(job.onProgress);
  const report = (stage: Progress['stage']): void => {
    stop.check();
    listener.tell({ stage, step: 0, steps });
    stop.check(); // the caller may have aborted in there
  };
  const began = performance.now();
  report('decode');
  const { rgb, width, height, warnings } = await job.picture.take();
  const decoded = performance.now();

  report('encode');
  await parts.checkWeights?.();
  const random = new Random(options.seed);
  // Drawn first: every method and number of steps predicts under the same noise.
  const inferenceSeed = random.seed();
  const latentSeed = random.seed();
  const states = handles.own(await engine.encodeText(prompts.ids, prompts.count));
  const { wordWeight } = options.prompt;
  const embedding = wordWeight === 1 ? states : handles.own(await states.scale(wordFactors(prompts, wordWeight)));
  const read = performance.now();
  stop.check();
  const image = handles.own(await engine.encodeImage(rgb, width, height, options.latentSample, latentSeed));
  const encoded = performance.now();

  const context: MethodContext = {
    engine,
    image,
    embedding,
    prompts,
    selections,
    options,
    output: job.output,
    random,
    inferenceSeed,
    width,
    height,
    own: (handle) => handles.own(handle),
    stepwise: job.onProgress !== undefined || job.observe !== undefined,
    checkpoint: () => stop.check(),
    onStep: (loss) => listener.tell({ stage: 'step', step: loss.step, steps, loss }),
    onPredict: () => report('predict'),
    observe: job.observe,
  };
  const finish: Finish = async ({ prediction, losses, status, comparison, milliseconds, ...outcome }) => {
    await stop.race(listener.settle());
    requireFinite(prediction, { engine, options });

    const notFinite = `Step ${losses.length + 1} of ${steps} was not finite; the prompt before it was used`;
    const categories = outcome.categories ?? prompts.categories;
    const { maps, foreground, strengths } = prediction;
    const unknown = unknownNames(model, prompts.categories, options);
    return makeResult({
      width,
      height,
      labels: prediction.labels,
      categories,
      segments: makeSegments(categories, prediction),
      losses,
      status,
      timings: {
        queued: began - job.called,
        decode: decoded - began,
        text: read - decoded,
        encode: encoded - decoded,
        inversion: milliseconds.inversion,
        predict: milliseconds.prediction,
        total: performance.now() - job.called,
      },
      prompts: prompts.texts,
      warnings: [
        ...warnings,
        ...prompts.warnings,
        ...(unknown.length > 0 ? [unknownNamesWarning(model, unknown)] : []),
        ...(status === 'non-finite' ? [notFinite] : []),
      ],
      ...(unknown.length > 0 && { unknownNames: unknown }),
      options,
      ...(comparison && { comparison }),
      ...(maps && { maps: categoryMaps(maps, categories, prompts) }),
      ...(foreground &&
        strengths && { strengths: { foreground, strength: strengths, background: categories.length - 1 } }),
    });
  };
  return { context, finish };
}

/** Square maps with the names that have one: a background that comes from a rule has none. */
function categoryMaps(data: Float32Array, all: readonly string[], { groups }: PromptSet): CategoryMaps {
  const count = groups.length > 0 ? 1 + Math.max(...groups) : all.length;
  return { data, size: Math.round(Math.sqrt(data.length / count)), categories: all.slice(0, count) };
}
