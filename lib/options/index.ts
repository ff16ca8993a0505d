export { defaults, engineDefaults, presets } from './defaults.js';
export { cropDefinitions, engineDefinitions, entropyDefinitions, methodDefinitions } from './definitions.js';
export { resolveEngineOptions, resolveOptions } from './resolve.js';
export { isPlainObject, refuse } from './rules.js';
export { rejectUnknown } from './unknown.js';
export type {
  CropOptions,
  EngineOptions,
  EntropyOptions,
  LayerOptions,
  MethodOptions,
  MethodOverrides,
  ResolutionWeights,
} from './types.js';
