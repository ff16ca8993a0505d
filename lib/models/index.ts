export type { Bundle, BundleEngineConfig, OpenOptions } from './bundle.js';
export { EMBEDDED, modelIdentity, openBundle } from './bundle.js';
export { findCode } from './code.js';
export { checkFits, lengthFit } from './fit.js';
export type { FileHash } from './hash.js';
export { hashFiles } from './hash.js';
export type { ModelIdentity } from './identity.js';
export { hashJson, hashNamed, hashTokenizer } from './identity.js';
export type { MapChoice } from './layers.js';
export { layersAt, mapSelection, resolutions } from './layers.js';
export type {
  BundleManifest,
  LayerManifest,
  ModuleManifest,
  ResolutionTable,
  WeightsManifest,
  WeightsSearch,
} from './manifest.js';
export { BUNDLE_FORMAT, checkManifest, readManifest } from './manifest-check.js';
export type { SafetensorsHeader, TensorHeader } from './safetensors.js';
export { readHeader } from './safetensors.js';
export { WeightWatch } from './watch.js';
export type { WeightFile } from './weights.js';
export { checkNames, findWeights, isFile } from './weights.js';
