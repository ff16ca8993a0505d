/** Weighted words: the text states of the categories' names times a factor. */
import type { PromptSet } from '../text/index.js';

/** [prompts × K] `weight` where a name stands, the background's words excepted, else 1. */
export function wordFactors({ count, length, spans, groups, categories }: PromptSet, weight: number): Float32Array {
  const factors = new Float32Array(count * length).fill(1);
  groups.forEach((category, i) => {
    if (category === categories.length - 1) return;
    const begin = spans[3 * i]! * length + spans[3 * i + 1]!;
    factors.fill(weight, begin, begin + spans[3 * i + 2]!);
  });
  return factors;
}
