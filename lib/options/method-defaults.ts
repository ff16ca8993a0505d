/** What a method sets differently from `defaults.ts`, and the named settings of one method on a data set. */

import type { Frozen } from '../checks/index.js';
import { deepFreeze } from '../checks/index.js';
import type { MethodName } from './method-names.js';
import type { MethodOverrides } from './types.js';

/** iSeg reads these layers of Stable Diffusion; a model that lacks some reads what it has. */
const isegCross = [
  'down_blocks.1.attentions.1',
  'up_blocks.2.attentions.0',
  'up_blocks.2.attentions.1',
  'down_blocks.2.attentions.0',
  'down_blocks.2.attentions.1',
  'up_blocks.1.attentions.0',
  'up_blocks.1.attentions.1',
  'up_blocks.1.attentions.2',
];

/** They stand above the defaults and below those of the model, a preset and what the caller gives. */
export const methodDefaults: Frozen<Record<MethodName, MethodOverrides>> = deepFreeze<
  Record<MethodName, MethodOverrides>
>({
  invseg: {},
  baseline: {},
  diffsegmenter: {
    prompt: { template: 'a photograph of {}', wordWeight: 1.21 }, // 1.1²: two pluses behind the word
    attention: {
      inferenceCross: { 'latent/8': 0.3, 'latent/4': 0.5, 'latent/2': 0.1, latent: 0.1 },
      inferenceSelf: { latent: 1 },
      crossScale: 'min-max',
    },
    background: { rule: 'threshold' },
    inference: { timestep: 100, rescale: true },
  },
  diffseg: {
    attention: { inferenceSelf: 'proportional' },
    inference: { timestep: 300, noise: false },
  },
  iseg: {
    prompt: {
      template: 'a photograph of {} and other object and background',
      separator: ' and ',
      wordWeight: 1.6,
    },
    attention: {
      inferenceCross: { 'latent/4': 0.7, 'latent/2': 0.3 },
      inferenceSelf: { latent: 1 },
      crossScale: 'sum',
      layers: {
        inferenceCross: { layers: isegCross, lenient: true },
        inferenceSelf: { layers: ['up_blocks.3.attentions.1'], heads: [1, 2], lenient: true },
      },
      refine: { iterations: 8, entropyReduction: 0.015 },
    },
    background: { rule: 'complement', words: 'voc' },
    inference: { timestep: 100, rescale: true },
  },
});

/** Each author's own settings, which a model's do not change; iSeg has one for each data set. */
export const methodPresets = deepFreeze<Record<string, MethodOverrides>>({
  'diffsegmenter-paper': { method: 'diffsegmenter' },
  'diffseg-paper': { method: 'diffseg' },
  'iseg-voc': {
    method: 'iseg',
    attention: { refine: { iterations: 8, entropyReduction: 0.015 } },
    background: { rule: 'complement', words: 'voc' },
  },
  'iseg-context': {
    method: 'iseg',
    attention: { refine: { iterations: 5, entropyReduction: 0.002 } },
    background: { rule: 'complement', words: 'none' },
  },
  'iseg-coco': {
    method: 'iseg',
    attention: { refine: { iterations: 10, entropyReduction: 0.2 } },
    background: { rule: 'threshold', threshold: 0.45, words: 'coco' },
  },
});
