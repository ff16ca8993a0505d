/**
 * An engine in memory: it records what it is asked, draws labels from the seeds it gets, and counts open handles. The
 * orchestration can be tested with it where there is no LibTorch.
 */
import { InvSegError } from '../../lib/errors.js';
import type { SegmenterParts } from '../../lib/methods/model.js';
import type { MapChoice } from '../../lib/models/index.js';
import type {
  NativeAttendOptions,
  NativeEmbedding,
  NativeEngine,
  NativeImage,
  NativeInversion,
  NativeInversionOptions,
  NativeLabelOptions,
  NativeMapSelection,
  NativeMaps,
  NativePrediction,
  NativePredictOptions,
  NativeRawMaps,
  NativeStep,
  NativeStepResult,
} from '../../lib/native/binding.js';
import type { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { BatchImage, BatchOutcome, SegmentAllOptions } from '../../lib/segmenter/types.js';
import { parseCategories } from '../../lib/text/names.js';

export interface FakeBehaviour {
  /** Milliseconds of every native call. */
  delay?: number;
  /** Steps that a call makes at most, as a GPU does; default 1. */
  stepsAtOnce?: number;
  /** First step whose loss is not finite. */
  notFiniteAt?: number;
  /** Every prediction's scores. */
  scores?: number;
  /** Name of a native call that fails. */
  failAt?: string;
  /** Called when a native call begins. */
  onCall?: (name: string) => void;
}

export class FakeEngine implements NativeEngine {
  readonly device = 'cpu';
  readonly dtype = 'float32';
  readonly deviceName = 'a test';
  readonly calls: string[] = [];
  readonly steps: NativeStep[] = [];
  readonly inversions: NativeInversionOptions[] = [];
  readonly predictions: NativePredictOptions[] = [];
  readonly passes: NativeAttendOptions[] = [];
  readonly labelled: NativeLabelOptions[] = [];
  readonly scales: Float32Array[] = [];
  readonly images: { sample: boolean; seed: number }[] = [];
  readonly texts: { ids: Int32Array; prompts: number }[] = [];
  /** Calls that run right now, and the most that ever did. */
  running = 0;
  mostRunning = 0;
  open = 0;
  disposed = false;

  constructor(readonly behaviour: FakeBehaviour = {}) {}

  async #call<T>(name: string, result: () => T): Promise<T> {
    this.calls.push(name);
    this.behaviour.onCall?.(name);
    if (this.disposed) throw new InvSegError('DISPOSED', 'The engine was disposed');
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await new Promise((resolve) => setTimeout(resolve, this.behaviour.delay ?? 0));
    this.running--;
    if (this.behaviour.failAt === name) throw new InvSegError('OUT_OF_MEMORY', `${name} ran out of memory`);
    return result();
  }

  #handle<T extends object>(methods: T): T & { dispose(): void } {
    this.open++;
    let alive = true;
    const dispose = (): void => {
      if (alive) this.open--;
      alive = false;
    };
    return { ...methods, dispose };
  }

  encodeText(ids: Int32Array, prompts: number): Promise<NativeEmbedding> {
    this.texts.push({ ids, prompts });
    return this.#call('encodeText', () => this.#embedding(ids.length));
  }

  #embedding(size: number): NativeEmbedding {
    const scale = (factors: Float32Array) => {
      this.scales.push(factors);
      return this.#call('scale', () => this.#embedding(size));
    };
    return this.#handle({ read: async () => new Float32Array(size), scale });
  }

  async nextTogether(inversions: NativeInversion[], most: number): Promise<NativeStepResult[][]> {
    return Promise.all(inversions.map((inversion) => inversion.next(most)));
  }

  encodeImage(_rgb: Uint8Array, width: number, height: number, sample: boolean, seed: number): Promise<NativeImage> {
    this.images.push({ sample, seed });
    return this.#call('encodeImage', () => this.#handle({ width, height, latent: async () => new Float32Array(4) }));
  }

  createInversion(_i: NativeImage, _e: NativeEmbedding, options: NativeInversionOptions): Promise<NativeInversion> {
    this.inversions.push(options);
    const seen: NativeStep[] = [];
    const planned: NativeStep[] = [];
    return this.#call('createInversion', () =>
      this.#handle({
        plan: (steps: NativeStep[]) =>
          this.#call('plan', () => {
            planned.splice(0, planned.length, ...steps);
            return 0;
          }),
        next: (most: number) => this.#call('step', () => this.#next(planned, seen, most)),
        step: (step: NativeStep) => this.#call('step', () => this.#step(step, seen)),
        predict: (asked: NativePredictOptions) => this.#call('predict', () => this.#predict(asked, options, seen)),
        embedding: async () => new Float32Array(4),
      }),
    );
  }

  readMaps(): Promise<NativeRawMaps> {
    throw new Error('not used by the orchestration');
  }

  attend(
    _i: NativeImage,
    _e: NativeEmbedding,
    options: NativeAttendOptions,
  ): Promise<{ self: NativeMaps | null; cross: NativeMaps | null }> {
    this.passes.push(options);
    return this.#call('attend', () => ({ self: this.#maps([1, 16, 16]), cross: this.#maps([1, 16, LENGTH]) }));
  }

  join(maps: NativeMaps[]): Promise<NativeMaps> {
    return this.#call('join', () => this.#maps([1, 16, maps.length]));
  }

  /** Maps that know their shape; their labels are all 0. */
  #maps(shape: [number, number, number]): NativeMaps {
    const [batch, points, columns] = shape;
    const to = (name: string, width: number) => this.#call(name, () => this.#maps([batch, points, width]));
    const label = (name: string, count: number, asked: NativeLabelOptions) =>
      this.#call(name, () => {
        this.labelled.push(asked);
        const all = count + (asked.background === undefined || asked.background === 'word' ? 0 : 1);
        const pixels = asked.width * asked.height;
        const areas = new Float64Array(all);
        areas[0] = pixels;
        return {
          labels: new Uint8Array(pixels),
          areas,
          scores: new Float32Array(all).fill(this.behaviour.scores ?? 0.5),
          maps: asked.maps ? new Float32Array(count * points) : null,
          foreground: asked.strengths ? new Uint8Array(pixels) : null,
          strengths: asked.strengths ? new Float32Array(pixels).fill(0.5) : null,
          milliseconds: 1,
        };
      });
    return this.#handle({
      shape,
      read: async () => new Float32Array(batch * points * columns),
      categories: (spans: Int32Array) => to('categories', spans.length / 3),
      merge: (groups: Int32Array) => to('merge', 1 + Math.max(...groups)),
      clusterMeans: () => to('clusterMeans', columns),
      reduceEntropy: () => to('reduceEntropy', columns),
      refine: (maps: NativeMaps) => to('refine', maps.shape[2]!),
      minMax: () => to('minMax', columns),
      proposals: () => to('proposals', 3),
      label: (asked: NativeLabelOptions) => label('label', columns, asked),
      labelSegments: (named: NativeMaps | null, asked: NativeLabelOptions) =>
        named
          ? label('labelSegments', named.shape[2]!, asked)
          : label('labelSegments', columns, { ...asked, background: 'word' }),
    });
  }

  async dispose(): Promise<void> {
    this.calls.push('dispose');
    this.disposed = true;
  }

  #next(planned: NativeStep[], seen: NativeStep[], most: number): NativeStepResult[] {
    const results: NativeStepResult[] = [];
    do results.push(this.#step(planned.shift()!, seen));
    while (
      results.at(-1)!.finite &&
      planned.length > 0 &&
      results.length < Math.min(most, this.behaviour.stepsAtOnce ?? 1)
    );
    return results;
  }

  #step(step: NativeStep, seen: NativeStep[]): NativeStepResult {
    this.steps.push(step);
    const finite = seen.length + 1 !== this.behaviour.notFiniteAt;
    if (finite) seen.push(step);
    const loss = finite ? -0.9 - seen.length / 100 : NaN;
    return { loss, cluster: loss, entropy: 1, intra: 1, inter: 2, gradientNorm: 3, finite, milliseconds: 2 };
  }

  /** Labels that depend on everything that decides a mask: seeds, boxes, timesteps. */
  #predict(asked: NativePredictOptions, options: NativeInversionOptions, seen: NativeStep[]): NativePrediction {
    this.predictions.push(asked);
    const count = options.spans.length / 3;
    let state = asked.noiseSeed ?? 0;
    for (const { boxes, timesteps, noiseSeed } of seen) {
      for (const value of [...boxes, ...timesteps, noiseSeed])
        state = Math.imul(state ^ Math.round(value * 1e4), 2654435761);
    }
    const areas = new Float64Array(count);
    const labels = Uint8Array.from({ length: asked.width * asked.height }, (_, i) => {
      const label = ((Math.imul(state + i, 2246822519) >>> 8) & 0xffff) % count;
      areas[label]!++;
      return label;
    });
    const maps = asked.maps ? new Float32Array(count * 16).fill(0.5) : null;
    const scores = new Float32Array(count).fill(this.behaviour.scores ?? 0.75);
    return { labels, areas, scores, maps, foreground: null, strengths: null, milliseconds: 1 };
  }
}

export const LENGTH = 12;

/** Parts of a small model with resolutions 32, 16, 8, 4; every word is a token, six words fit into a prompt. */
export function fakeParts(engine: FakeEngine): SegmenterParts & { selected: MapChoice[] } {
  const selected: MapChoice[] = [];
  return {
    engine,
    selected,
    model: {
      name: 'fake',
      version: '1',
      folder: '/nowhere',
      latentSize: 32,
      resolutions: [32, 16, 8, 4],
      defaults: { training: { 16: 1 }, inferenceCross: { 16: 1, 32: 1 }, inferenceSelf: { 32: 1 } },
    },
    buildPrompts(input, { background, separator, layout, needsNames }) {
      const empty = new Int32Array(LENGTH);
      if (input === undefined && needsNames === false) {
        const none = new Int32Array();
        return {
          ids: empty,
          count: 1,
          length: LENGTH,
          spans: none,
          groups: none,
          empty,
          categories: [],
          texts: [''],
          warnings: [],
        };
      }
      const categories = parseCategories(input, background.name);
      const spans: number[] = [];
      const prompts: string[][] = [[]];
      const spoken = background.rule === 'word' ? categories : categories.slice(0, -1);
      for (const name of spoken) {
        const words = name.split(' ').length;
        const used = prompts.at(-1)!.join(' ').split(' ').filter(Boolean).length;
        if (used > 0 && (used + words > 6 || layout === 'each')) prompts.push([]);
        const last = prompts.at(-1)!;
        spans.push(prompts.length - 1, 1 + last.join(' ').split(' ').filter(Boolean).length, words);
        last.push(name);
      }
      return {
        ids: new Int32Array(prompts.length * LENGTH),
        count: prompts.length,
        length: LENGTH,
        spans: Int32Array.from(spans),
        groups: Int32Array.from(spoken.keys()),
        empty,
        categories,
        texts: prompts.map((names) => names.join(separator)),
        warnings: [],
      };
    },
    selectMaps(choice): NativeMapSelection {
      selected.push(choice);
      return {
        selfLayers: new Uint8Array(1),
        crossLayers: new Uint8Array(1),
        selfHeads: new Float32Array(1),
        crossHeads: new Float32Array(1),
        selfWeights: new Float32Array(4),
        crossWeights: new Float32Array(4),
        crossScale: choice.crossScale ?? 'none',
      };
    },
  };
}

/** A raw picture. */
export function picture(width = 8, height = 6) {
  return {
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256),
    width,
    height,
    channels: 3,
  };
}

/** The outcomes of `segmentAll`, in their order. */
export async function all(
  segmenter: Pick<Segmenter, 'segmentAll'>,
  images: Iterable<BatchImage> | AsyncIterable<BatchImage>,
  options: SegmentAllOptions = { steps: 3, batch: 2 },
): Promise<BatchOutcome[]> {
  const outcomes: BatchOutcome[] = [];
  for await (const outcome of segmenter.segmentAll(images, options)) outcomes.push(outcome);
  return outcomes;
}
