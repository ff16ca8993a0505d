/** What a segmenter is made of. `lib/segmenter/open.ts` opens the real ones; tests bring their own. */
import type { MapChoice, ModelIdentity } from '../models/index.js';
import type { NativeEngine, NativeMapSelection } from '../native/index.js';
import type { ModelMethods } from '../options/index.js';
import type { PromptRequest, PromptSet } from '../text/index.js';

/** Weights of resolutions, ready to use. */
export type Weights = Readonly<Record<number, number>>;

/** What the orchestration needs to know about a model. */
export interface ModelFacts {
  name: string;
  version: string;
  folder: string;
  /** Side of the latent. */
  latentSize: number;
  /** Sides at which attention layers exist, the finest first. */
  resolutions: number[];
  defaults: { training: Weights; inferenceCross: Weights; inferenceSelf: Weights };
  /** Defaults of methods that fit the model. */
  methods?: ModelMethods;
  /** Names that it was taught; empty where that is not known. */
  names?: readonly string[];
}

export interface SegmenterParts {
  readonly engine: NativeEngine;
  readonly model: ModelFacts;
  /** CPU threads that were asked for; undefined: LibTorch decides. */
  readonly threads?: number | undefined;
  /** Whether the files that the engine reads again are still those that were opened. @throws {InvSegError} `WEIGHTS_CHANGED` */
  checkWeights?(): Promise<void>;
  /** Hashes of what the model is made of; reads its weights once. */
  identity?(): Promise<ModelIdentity>;
  /** @throws {InvSegError} `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`, `NAME_TOO_LONG`, `INVALID_OPTION` */
  buildPrompts(categories: unknown, request: PromptRequest): PromptSet;
  /** @throws {InvSegError} `INVALID_OPTION` for a resolution, layer or head that the model has not */
  selectMaps(choice: MapChoice): NativeMapSelection;
}
