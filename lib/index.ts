/** The public API. */

export type {
  CheckOptions,
  ClassNames,
  Dataset,
  DatasetCheck,
  DatasetItem,
  DatasetKind,
  DatasetOptions,
  SkippedItem,
} from './datasets/index.js';
export { checkDataset, openDataset } from './datasets/index.js';
export type { DiagnoseOptions, DiagnoseProgress, Diagnosis, Variant, VariantFinding } from './diagnose/index.js';
export { chooseVariants, defaultVariants, diagnose, diagnosisMarkdown, diagnosisPicture } from './diagnose/index.js';
export type {
  Colour,
  Heat,
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
export type { Agreement, ChosenPoint, ExplainOptions, Explanation, MethodRun } from './explain/index.js';
export { explain, renderExplanation } from './explain/index.js';
export type { AdamInput, AggregateInput, ClusterInput, EntropyInput, RefineInput } from './functions/index.js';
export { adamStep, aggregateAttention, clusterLoss, entropyLoss, refineAttention } from './functions/index.js';
export type { DecodedImage, ImageInput, RawImage } from './image/index.js';
export { decodeImage } from './image/index.js';
export type { LabelMap, LabelNames } from './labels/index.js';
export type { LossComparison, StepLoss } from './methods/index.js';
export type { ModelIdentity } from './models/index.js';
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
export type {
  CropOptions,
  DiffSegOptions,
  EngineOptions,
  EntropyOptions,
  ISegOptions,
  LayerChoice,
  LayerOptions,
  MethodName,
  MethodOptions,
  MethodOverrides,
  ModelMethods,
  RefineOptions,
  RelativeResolution,
  ResolutionWeights,
} from './options/index.js';
export { defaults, engineDefaults, methodNames, presets, resolveOptions } from './options/index.js';
export type { AlbumFile } from './page/index.js';
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
