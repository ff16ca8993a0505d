export { defaults, engineDefaults, presets } from './defaults.js';
export { cropDefinitions, engineDefinitions, entropyDefinitions, methodDefinitions } from './definitions.js';
export { diffsegDefinitions, isegDefinitions, refineDefinitions } from './groups.js';
export { methodDefaults } from './method-defaults.js';
export { resolveEngineOptions, resolveOptions } from './resolve.js';
export { isPlainObject, refuse } from './rules.js';
export { optionsOf } from './scopes.js';
export { rejectUnknown } from './unknown.js';
export type { Scope } from './scopes.js';
export type {
  CropOptions,
  DiffSegOptions,
  EngineOptions,
  EntropyOptions,
  ISegOptions,
  LayerOptions,
  MethodOptions,
  MethodOverrides,
  RefineOptions,
  RelativeResolution,
  ResolutionWeights,
} from './types.js';
