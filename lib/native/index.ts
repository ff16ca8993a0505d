export type {
  CrossScale,
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
  TensorSource,
} from './binding.js';
export { builtFolder, localBuilds } from './builds.js';
export { type AddonOptions, type Candidate, candidates, chooseLibtorch, withoutHeaders } from './candidates.js';
export { cmakeJs } from './cmake-js.js';
export { checkDevice } from './devices.js';
export { fingerprint } from './fingerprint.js';
export { type Host, thisHost, unsupported } from './host.js';
export { inspectLibraries, rememberLibtorch } from './libtorch.js';
export {
  type Attempt,
  describe,
  HEADERS,
  INSTALLED,
  inRange,
  installedRoot,
  type Libtorch,
  type LibtorchSource,
  range,
} from './libtorch-folder.js';
export { type LibtorchSearch, named, Places } from './libtorch-search.js';
export { type LoadedAddon, loadAddon, loadBinding } from './load.js';
export { notNumbers } from './not-finite.js';
export { cacheFolder, isCheckout, LIBTORCH_PIN, libtorchCache } from './places.js';
export { prebuildFor, prebuildsFolder, whyNoPrebuild } from './prebuilds.js';
export type { BuildStamp } from './stamp.js';
export { ADDON, BUILD_FOLDER, PACKAGE_ROOT, readStamp, SHIM, STAMP } from './stamp.js';
