/** What a bundle's `manifest.json` says. `manifest-check.ts` reads and checks it; ARCHITECTURE.md shows one. */

import type { ModelMethods } from '../options/index.js';

/** Where the weights of a module are: one file of the bundle, or candidates in the folder that the user names. */
export type WeightsManifest = string | WeightsSearch;

export interface WeightsSearch {
  /** Candidates, relative to the weights' folder; the first that exists is used. */
  files: string[];
  /** Lists of shards (`….safetensors.index.json`), looked at when no file of `files` exists. */
  index: string[];
  /** Only tensors that begin with one of these are the module's; empty: all. */
  include: string[];
  /** Names that are no parameters, such as integer position ids. */
  ignore: string[];
  /** Beginnings of names: `[as written, as the module calls it]`. */
  rename: [string, string][];
}

export interface ModuleManifest {
  /** Weightless TorchScript, relative to the manifest. */
  script: string;
  weights: WeightsManifest;
}

/** An attention layer of the U-Net; its resolution is `latentSize >> level`. */
export interface LayerManifest {
  name: string;
  level: number;
  heads: number;
}

/** Resolution → weight. */
export type ResolutionTable = Record<number, number>;

export interface BundleManifest {
  format: 'invseg-bundle/1';
  name: string;
  version: string;
  /** SPDX identifier or name of the weights' licence. */
  license: string;
  /** Where the weights come from. */
  source: string;
  modules: { textEncoder: ModuleManifest; vaeEncoder: ModuleManifest; unet: ModuleManifest };
  /** Ids that are left out are read from the tokenizer's own files. */
  tokenizer: {
    /** Relative to the weights' folder. */
    folder: string;
    /** Prompt positions, K. */
    length: number;
    bos?: number;
    eos?: number;
    pad?: number;
  };
  image: {
    /** Side of the square picture that the VAE encoder sees. */
    size: number;
    latentSize: number;
    latentChannels: number;
    latentScale: number;
  };
  contextWidth: number;
  /** Width of the timestep sinusoids. */
  timeWidth: number;
  schedule: { steps: number; betaStart: number; betaEnd: number };
  /** In the order they run. */
  layers: LayerManifest[];
  /**
   * Resolutions that fit this model; `self` weights are relative, `cross` weights are used as given. `methods`: options of a
   * method that fit it, by the method's name.
   */
  defaults: {
    inference: { cross: ResolutionTable; self: ResolutionTable };
    training: ResolutionTable;
    methods: ModelMethods;
  };
  /** Names that the model was taught, the usual ones first; empty: it is not known, as of a model of the open world. */
  names: string[];
  /**
   * Configuration files of the weights' folder and the values they must have: file → field → value. A file or a field
   * that is not there is not compared; the weights' shapes are in any case.
   */
  expect: Record<string, Record<string, unknown>>;
}

/** The three networks, in the order in which they run. */
export const MODULE_NAMES = ['textEncoder', 'vaeEncoder', 'unet'] as const;
export type ModuleName = (typeof MODULE_NAMES)[number];
