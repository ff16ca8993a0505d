export { defaults, engineDefaults, presets } from './defaults.js';
export { engineDefinitions, entropyDefinitions, methodDefinitions } from './definitions.js';
export { methodDefaults } from './method-defaults.js';
export type { MethodName } from './method-names.js';
export { methodNames } from './method-names.js';
export { resolveEngineOptions, resolveOptions } from './resolve.js';
export type { OptionRow } from './rows.js';
export { engineRows, methodRows } from './rows.js';
export type { Scope } from './scopes.js';
export { optionsOf } from './scopes.js';
export type {
  CropOptions,
  DiffSegOptions,
  EngineOptions,
  EntropyOptions,
  ISegOptions,
  LayerChoice,
  LayerOptions,
  MethodOptions,
  MethodOverrides,
  ModelMethods,
  RefineOptions,
  RelativeResolution,
  ResolutionWeights,
} from './types.js';
