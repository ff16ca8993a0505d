/**
 * Segmentation, and what it is made of. Data sets, evaluation, drawings, explanations and timing have entries of their
 * own: `invseg-native/datasets`, `/evaluation`, `/draw`, `/explain`, `/bench`.
 *
 * What a function throws is an `InvSegError`; its codes stand with each function under “Throws”.
 *
 * @module invseg-native
 */
export type { ErrorCode } from './errors.js';
export { InvSegError } from './errors.js';
export type { AdamInput, AggregateInput, ClusterInput, EntropyInput, RefineInput } from './functions/index.js';
export { adamStep, aggregateAttention, clusterLoss, entropyLoss, refineAttention } from './functions/index.js';
export type { DecodedImage, DecodeOptions, ImageInput, RawImage } from './image/index.js';
export { decodeImage, listImages } from './image/index.js';
export type { LabelMap } from './labels/index.js';
export type { LossComparison, StepLoss } from './methods/index.js';
export type { ModelIdentity, OpenOptions } from './models/index.js';
export { modelIdentity } from './models/index.js';
export type {
  FoundNames,
  MissingRule,
  NameItem,
  NameSource,
  NameSourceKind,
  NameSourceOptions,
  NameSourceParts,
  OpenedNames,
  VisionLanguageModels,
  Vocabulary,
  VocabularyClass,
} from './names/index.js';
export { createNameSource, loadVocabulary, nameSourceKinds, openNameSource, vocabularyNames } from './names/index.js';
export { type AddonOptions, type LoadedAddon, loadAddon } from './native/index.js';
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
  LayerChoice,
  LayerOptions,
  LossOptions,
  MethodName,
  MethodOptions,
  MethodOverrides,
  ModelMethods,
  OptionGroup,
  OutputOptions,
  OutputOverrides,
  Overrides,
  PromptOptions,
  RefineOptions,
  RelativeResolution,
  ResolutionWeights,
  ViewOptions,
  WeightTable,
} from './options/index.js';
export {
  defaults,
  engineDefaults,
  mergeOverrides,
  methodNames,
  outputDefaults,
  presets,
  resolveEngineOptions,
  resolveOptions,
} from './options/index.js';
export type { LabelOrder, SavedResult, SaveOptions } from './results/index.js';
export { saveResult } from './results/index.js';
export type {
  ArrayJson,
  BatchImage,
  BatchOutcome,
  CategoryMaps,
  MaskJson,
  ModelInfo,
  Progress,
  ResultJson,
  Segment,
  SegmentAllOptions,
  SegmenterInfo,
  SegmenterPoolOptions,
  SegmentOptions,
  SegmentResult,
  Strengths,
  Timings,
} from './segmenter/index.js';
export { labelsAt, maskOf, resultJson, Segmenter, SegmenterPool } from './segmenter/index.js';
export { packageVersion } from './version.js';
export type { CaptionOptions, VisionLanguageInfo, VisionLanguageOptions } from './vision-language/index.js';
export { VisionLanguage } from './vision-language/index.js';
