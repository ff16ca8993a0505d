export { defaults, engineDefaults, outputDefaults, presets } from './defaults.js';
export { generatedTypes } from './generate.js';
export type {
  AdamOptions,
  AttentionOptions,
  BackgroundOptions,
  CropOptions,
  DiffSegOptions,
  EngineOptions,
  EntropyOptions,
  InferenceOptions,
  ISegOptions,
  LayerOptions,
  LossOptions,
  MethodOptions,
  OptionGroup,
  OutputOptions,
  PromptOptions,
  RefineOptions,
  ViewOptions,
} from './generated.js';
export { methodDefaults } from './method-defaults.js';
export type { MethodName } from './method-names.js';
export { methodNames } from './method-names.js';
export { mergeOverrides, resolveEngineOptions, resolveOptions, resolveOutput } from './resolve.js';
export type { Scope, ValuesOf } from './row.js';
export type { OptionRow } from './rows.js';
export { engineRows, methodRows, outputRows, textKeys } from './rows.js';
export { nativeOptions, optionAt, optionsOf } from './scopes.js';
export { engineTable, methodTable, outputTable } from './table.js';
export type { MethodOverrides, ModelMethods, OutputOverrides, Overrides } from './types.js';
export type { LayerChoice, RelativeResolution, ResolutionWeights, WeightTable } from './values.js';
