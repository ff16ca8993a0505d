/** Which work a list of variants needs: variants that share a loss share its probe, and likewise the mask without the loop. */

import type { MethodOptions, MethodOverrides, ModelMethods } from '../options/index.js';
import { mergeOverrides, resolveOptions } from '../options/index.js';
import type { Variant } from './variants.js';
import { baselineKey, lossKey } from './variants.js';

export interface Plan {
  variant: Variant;
  /** The variant's over the caller's, as a call takes them. */
  overrides: MethodOverrides;
  /** The same, complete. */
  options: MethodOptions;
  /** Name of the first variant with the same loss: its probe counts for this one. */
  loss: string;
  /** Name of the first variant with the same prediction without the loop: its baseline counts for this one. */
  baseline: string;
}

/** @throws {InvSegError} `INVALID_OPTION` for options that no call would take */
export function makePlans(variants: readonly Variant[], common: MethodOverrides, model?: ModelMethods): Plan[] {
  const first = (key: (options: MethodOptions) => string) => {
    const names = new Map<string, string>();
    return (options: MethodOptions, name: string): string => {
      const text = key(options);
      if (!names.has(text)) names.set(text, name);
      return names.get(text)!;
    };
  };
  const [loss, baseline] = [first(lossKey), first(baselineKey)];
  return variants.map((variant) => {
    // The loop is InvSeg's, whatever the caller's options or a preset name.
    const overrides = mergeOverrides(common, variant.overrides, { method: 'invseg' });
    const options = resolveOptions(overrides, model);
    return {
      variant,
      overrides,
      options,
      loss: loss(options, variant.name),
      baseline: baseline(options, variant.name),
    };
  });
}

/** One piece of work on one picture; a probe also reads the rows of the self-attention where it is the first. */
export interface Task {
  part: 'probe' | 'baseline' | 'run';
  key: string;
  overrides: MethodOverrides;
}

/** The losses first: they are quick, and what they say stands before the first long run. */
export function tasksOf(plans: readonly Plan[], inversion: boolean): Task[] {
  const task =
    (part: Task['part']) =>
    ({ variant, overrides }: Plan): Task => ({ part, key: variant.name, overrides });
  const probes = plans.filter((plan) => plan.loss === plan.variant.name).map(task('probe'));
  if (!inversion) return probes;
  const baselines = plans.filter((plan) => plan.baseline === plan.variant.name).map(task('baseline'));
  return [...probes, ...baselines, ...plans.map(task('run'))];
}
