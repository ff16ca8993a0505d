/** Defaults, from the tables (those of a method alone are in `method-defaults.ts`), and the presets that stand above them. */
import type { Frozen } from '../checks/index.js';
import { deepFreeze } from '../checks/index.js';
import type { EngineOptions, MethodOptions, OutputOptions } from './generated.js';
import { methodPresets } from './method-defaults.js';
import { defaultsOf } from './row.js';
import { engineTable, methodTable, outputTable } from './table.js';
import type { MethodOverrides } from './types.js';

/**
 * Every option of the method with its default; frozen. Those of a single method stand above them, see `resolveOptions`.
 */
export const defaults: Frozen<MethodOptions> = deepFreeze<MethodOptions>(defaultsOf(methodTable));

/** What a result brings beside the mask where nothing is asked; frozen. */
export const outputDefaults: Readonly<OutputOptions> = Object.freeze(defaultsOf(outputTable));

/** Every option of `Segmenter.open` with its default; frozen. */
export const engineDefaults: Readonly<EngineOptions> = Object.freeze(defaultsOf(engineTable));

/** Named sets of options; what a caller gives beside a preset wins over it. */
export const presets: Frozen<Record<string, MethodOverrides>> = deepFreeze<Record<string, MethodOverrides>>({
  /**
   * The settings that the paper states for SD 2.1, whatever the model's own say: 15 Adam steps of 0.01, α 1, anchor scale 4,
   * two views, t in [5, 300] and 50, training at 16×16, cross-attention at 16 and self-attention of all resolutions.
   */
  paper: {
    steps: 15,
    adam: { learningRate: 0.01 },
    loss: { alpha: 1, anchorScale: 4 },
    views: { count: 2, timesteps: [5, 300] },
    attention: { training: { 16: 1 }, inferenceCross: { 16: 1 }, inferenceSelf: 'proportional' },
    prompt: { trainable: 'categories' },
    inference: { timestep: 50 },
  },
  ...methodPresets,
});
