/** InvSeg: Adam steps on the embeddings of the category names, against views of this one image; then the baseline's pass. */
import type { NativeInversion, NativeStep, NativeStepResult } from '../native/index.js';
import { settled } from '../settled.js';
import { openInversion, predict } from './inversion.js';
import type { Method, MethodContext, MethodOutcome, StepLoss } from './method.js';
import { drawSteps } from './views.js';

export const invseg: Method = {
  name: 'invseg',
  summary: 'learns the prompt on the image first (the paper)',
  prompts: 'together',
  needsNames: true,
  hasSteps: true,
  async run(context) {
    const [only] = await together([context]);
    if (only!.status === 'rejected') throw only!.reason;
    return only!.value;
  },
  together,
};

/** All images make steps, then all make the next; one whose step is not finite makes no more. */
async function together(contexts: readonly MethodContext[]): Promise<PromiseSettledResult<MethodOutcome>[]> {
  const opened: PromiseSettledResult<Loop>[] = [];
  for (const context of contexts) opened.push(await settled(() => Loop.open(context)));
  const loops = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stepped = await settled(() => makeSteps(loops));
  const outcomes: PromiseSettledResult<MethodOutcome>[] = [];
  for (const one of opened) {
    if (one.status === 'rejected') outcomes.push(one);
    else outcomes.push(stepped.status === 'rejected' ? stepped : await settled(() => one.value.finish()));
  }
  return outcomes;
}

async function makeSteps(loops: readonly Loop[]): Promise<void> {
  for (;;) {
    const open = loops.filter((loop) => loop.isOpen);
    if (open.length === 0) return;
    for (const { context } of open) context.checkpoint();
    const results = await next(open);
    for (const [i, loop] of open.entries()) {
      for (const result of results[i]!) await loop.take(result);
    }
  }
}

/** Steps of each, several at once where nobody waits for each of them. */
async function next(loops: readonly Loop[]): Promise<NativeStepResult[][]> {
  const [first] = loops;
  const most = Math.min(...loops.map((loop) => (loop.context.stepwise ? 1 : loop.remaining)));
  if (loops.length === 1) return [await first!.inversion.next(most)];
  return first!.context.engine.nextTogether(
    loops.map(({ inversion }) => inversion),
    most,
  );
}

/** The loop of one image. */
class Loop {
  readonly #losses: StepLoss[] = [];
  #status: MethodOutcome['status'] = 'completed';

  private constructor(
    readonly context: MethodContext,
    readonly inversion: NativeInversion,
    readonly steps: readonly NativeStep[],
    /** Milliseconds so far. */
    private spent: number,
  ) {}

  static async open(context: MethodContext): Promise<Loop> {
    const inversion = await openInversion(context);
    await context.observe?.(0, inversion, context);
    const steps = drawSteps(context.random, context.options);
    context.checkpoint();
    return new Loop(context, inversion, steps, steps.length > 0 ? await inversion.plan(steps) : 0);
  }

  get remaining(): number {
    return this.#status === 'completed' ? this.steps.length - this.#losses.length : 0;
  }

  get isOpen(): boolean {
    return this.remaining > 0;
  }

  async take(result: NativeStepResult): Promise<void> {
    this.spent += result.milliseconds;
    if (!result.finite) {
      this.#status = 'non-finite'; // the embedding is still the last finite one
      return;
    }
    const { loss: total, cluster, entropy, intra, inter, gradientNorm, milliseconds } = result;
    const timestep = this.steps[this.#losses.length]!.timesteps[0]!;
    const step = this.#losses.length + 1;
    const loss = { step, total, cluster, entropy, intra, inter, gradientNorm, timestep, milliseconds };
    this.#losses.push(loss);
    this.context.onStep(loss);
    await this.context.observe?.(step, this.inversion, this.context);
  }

  async finish(): Promise<MethodOutcome> {
    const prediction = await predict(this.context, this.inversion);
    const outcome = {
      prediction,
      losses: this.#losses,
      status: this.#status,
      milliseconds: { inversion: this.spent, prediction: prediction.milliseconds },
    };
    const [first] = this.steps;
    if (!this.context.output.compareLoss || first === undefined || this.#losses.length === 0) return outcome;
    // A step gives the loss before its update; what it does to the prompt no longer matters.
    this.context.checkpoint();
    const { loss: after } = await this.inversion.step(first);
    return { ...outcome, comparison: { before: this.#losses[0]!.total, after } };
  }
}
