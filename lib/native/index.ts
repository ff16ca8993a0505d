export type {
  CrossScale,
  GradientMode,
  NativeEmbedding,
  NativeEngine,
  NativeEngineConfig,
  NativeEntropyOptions,
  NativeImage,
  NativeInversion,
  NativeInversionOptions,
  NativeLabelOptions,
  NativeMapSelection,
  NativeMaps,
  NativeModule,
  NativePictureConfig,
  NativePrediction,
  NativePredictOptions,
  NativeRawMaps,
  NativeStep,
  NativeStepResult,
  NativeVisionLanguage,
  NativeVisionLanguageConfig,
  SubtokenRule,
  TensorSource,
} from './binding.js';
export { checkDevice } from './devices.js';
export { loadBinding } from './load.js';
export { notNumbers } from './not-finite.js';
export type { BuildStamp } from './stamp.js';
export { ADDON, BUILD_FOLDER, PACKAGE_ROOT, readStamp, SHIM, STAMP } from './stamp.js';
