/** The public API. */

export type {
  CheckOptions,
  ClassNames,
  Dataset,
  DatasetCheck,
  DatasetItem,
  DatasetKind,
  DatasetOptions,
  LabelMap,
  SkippedItem,
} from './datasets/index.js';
export { checkDataset, openDataset } from './datasets/index.js';
export type { DiagnoseOptions, DiagnoseProgress, Diagnosis, Variant, VariantFinding } from './diagnose/index.js';
export { chooseVariants, defaultVariants, diagnose, diagnosisMarkdown, diagnosisPicture } from './diagnose/index.js';
export type {
  Colour,
  Heat,
  LabelNames,
  OverlayInput,
  Palette,
  PaletteName,
  PanelColumn,
  PanelInput,
  Pixels,
} from './draw/index.js';
export {
  categoryPalette,
  drawHeat,
  drawOverlay,
  drawPanel,
  encodeLabels,
  paletteNames,
  vocPalette,
} from './draw/index.js';
export type { ErrorCode } from './errors.js';
export { InvSegError } from './errors.js';
export type {
  CompareOptions,
  Comparison,
  EvaluateOptions,
  EvaluateProgress,
  Evaluation,
  MergeOptions,
  Outcome,
  PicturePool,
  PoolRun,
} from './evaluation/index.js';
export { compareRuns, evaluate, mergeRuns } from './evaluation/index.js';
export type { Agreement, AlbumFile, ChosenPoint, ExplainOptions, Explanation, MethodRun } from './explain/index.js';
export { explain, renderExplanation } from './explain/index.js';
export type { AdamInput, AggregateInput, ClusterInput, EntropyInput, RefineInput } from './functions/index.js';

export { adamStep, aggregateAttention, clusterLoss, entropyLoss, refineAttention } from './functions/index.js';
export type { DecodedImage, ImageInput, RawImage } from './image/decode.js';
export { decodeImage } from './image/decode.js';
export type { LossComparison, MethodName, StepLoss } from './methods/index.js';
export { methodNames } from './methods/index.js';
export type { LayerChoice, ModelIdentity } from './models/index.js';
export { modelIdentity } from './models/index.js';
export type {
  FoundNames,
  NameItem,
  NameSource,
  NameSourceKind,
  NameSourceParts,
  VisionLanguageModels,
  Vocabulary,
  VocabularyClass,
} from './names/index.js';
export { createNameSource, loadVocabulary, nameSourceKinds, vocabularyNames } from './names/index.js';
export { type AddonOptions, type LoadedAddon, loadAddon } from './native/index.js';
export type {
  CropOptions,
  DiffSegOptions,
  EngineOptions,
  EntropyOptions,
  ISegOptions,
  LayerOptions,
  MethodOptions,
  MethodOverrides,
  ModelMethods,
  RefineOptions,
  RelativeResolution,
  ResolutionWeights,
} from './options/index.js';
export { defaults, engineDefaults, presets, resolveOptions } from './options/index.js';
export type {
  NamesOffers,
  PaperFigures,
  ReproduceOptions,
  ReproduceProgress,
  RowResult,
  Table,
  TableResult,
} from './reproduce/index.js';
export { gridTable, reproduce, tables as paperTables } from './reproduce/index.js';
export { maskOf } from './segmenter/result.js';
export type { ArrayJson, MaskJson, ResultJson } from './segmenter/result-json.js';
export { resultJson } from './segmenter/result-json.js';
export type { ModelInfo, SegmenterInfo } from './segmenter/segmenter.js';
export { Segmenter } from './segmenter/segmenter.js';
export { labelsAt } from './segmenter/strengths.js';
export type {
  BatchImage,
  BatchOutcome,
  CategoryMaps,
  Progress,
  Segment,
  SegmentAllOptions,
  SegmentOptions,
  SegmentResult,
  Strengths,
  Timings,
} from './segmenter/types.js';
export { packageVersion } from './version.js';
export type { CaptionOptions, VisionLanguageInfo, VisionLanguageOptions } from './vision-language/index.js';
export { VisionLanguage } from './vision-language/index.js';
