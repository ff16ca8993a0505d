/** What goes into a call and what comes out. */
import type { ImageInput } from '../image/index.js';
import type { LossComparison, StepLoss } from '../methods/index.js';
import type { MethodOptions, MethodOverrides, OutputOverrides } from '../options/index.js';

/** Where a call is; `step` counts from 1 in the stage `step` and is 0 elsewhere. */
export interface Progress {
  /** What comes next, or what just ended (`step`). */
  stage: 'decode' | 'encode' | 'step' | 'predict';
  /** From 1 in the stage `step`, 0 elsewhere. */
  step: number;
  /** Steps that will be made, if all are finite; 0 for a method without any. */
  steps: number;
  /** Losses of the step that just ended. */
  loss?: StepLoss;
}

/** Options of one call. Everything but the names has a default, see {@link MethodOptions} and {@link OutputOptions}. */
export type SegmentOptions = MethodOverrides &
  OutputOverrides & {
    /**
     * Names to look for, or one string with commas between them; the background is appended. The method `diffseg` works without
     * and numbers what it finds.
     */
    categories?: readonly string[] | string | undefined;
    /** Ends the call between two steps with the code `ABORTED`; without `onProgress` a GPU first makes the steps that it was given. */
    signal?: AbortSignal | undefined;
    /**
     * Called before a stage and after every step. What it throws, or its promise is rejected with, ends the call; the call ends after
     * all its promises. It must not wait for another call of the same segmenter, which waits for this one.
     */
    onProgress?: ((progress: Progress) => void) | undefined;
  };

/** Milliseconds of each part of a call. */
export interface Timings {
  /** Waiting for earlier calls of the same segmenter. */
  queued: number;
  /** What the call waited for it: an image may be decoded while the one before is worked on. */
  decode: number;
  /** The text's states, a part of `encode`. */
  text: number;
  /** Text states and, on a CPU, the latent; a GPU makes it with the first views, or for the prediction. */
  encode: number;
  /** All steps. */
  inversion: number;
  /** From the learnt prompt to the labels. */
  predict: number;
  /** From the call to its result. */
  total: number;
}

/** One category's part of the image. */
export interface Segment {
  /** Name of the category. */
  readonly label: string;
  /** Its value in `labels`. */
  readonly index: number;
  /** Mean of the category's map over its own pixels, in [0, 1]; 0 where it has none. */
  readonly score: number;
  /** Pixels. */
  readonly area: number;
  /** `area` as a share of the image, in [0, 1]. */
  readonly share: number;
}

/** Plain data, for `structuredClone` and `postMessage`; `maskOf` makes the mask of a category. */
export interface SegmentResult {
  /** Of the image and the labels, pixels. */
  width: number;
  /** Of the image and the labels, pixels. */
  height: number;
  /** One byte per pixel, [height × width]: index into `categories`. */
  labels: Uint8Array;
  /** Names in the order of the labels, the background last. */
  categories: string[];
  /** One per category, in the same order, also where it has no pixel. */
  segments: Segment[];
  /** One per step, empty for the baseline. */
  losses: StepLoss[];
  /** `non-finite`: the loop stopped early and the last finite prompt was used; `warnings` says where. */
  status: 'completed' | 'non-finite';
  /** Milliseconds. */
  timings: Timings;
  /** The prompts as text; more than one where the names did not fit into one. */
  prompts: string[];
  /**
   * What a careful reader should know: an animated image, a name that the model was not taught, a loop that stopped.
   */
  warnings: string[];
  /**
   * Of `categories`, those that the model was not taught, where it says what it knows (`info.model.names`) and there are some.
   * Their masks and scores mean nothing.
   */
  unknownNames?: string[];
  /** Options as they were used, defaults included. */
  options: MethodOptions;
  /** With `compareLoss`, where there were steps: the loss on the same views before and after. */
  comparison?: LossComparison;
  /** With `saveMaps`: the refined maps before enlarging. */
  maps?: CategoryMaps;
  /** With `saveStrengths`: what `labelsAt` needs. */
  strengths?: Strengths;
  /** For `JSON.stringify`: masks as run lengths. A copy has no methods; `resultJson(copy)` does the same. */
  toJSON?(): ResultJson;
}

/** The best category of each point before the background's rule, so that a threshold can change afterwards. */
export interface Strengths {
  /** [height × width] index of the best category but the background. */
  foreground: Uint8Array;
  /** [height × width] that category's map there, in [0, 1]. */
  strength: Float32Array;
  /** Label of the background. */
  background: number;
}

/** Refined maps, [categories × size × size] in [0, 1]; a background that comes from a rule has none. */
export interface CategoryMaps {
  /** [categories × size × size] in [0, 1], row-major. */
  data: Float32Array;
  /** Side of each map, points. */
  size: number;
  /** Names of the maps, in order. */
  categories: string[];
}

/** One image of `segmentAll`. */
export interface BatchImage {
  /** As `segment` takes it. */
  input: ImageInput;
  /** Names to look for in this image. */
  categories: SegmentOptions['categories'];
}

/** `categories` belong to each image; progress is the outcomes themselves. */
export interface SegmentAllOptions extends Omit<SegmentOptions, 'categories' | 'onProgress'> {
  /** Images in one pass, 1–64; default 4. More take more memory and gain less. */
  batch?: number;
}

/** What became of one image: its result, or why it has none. */
export type BatchOutcome =
  | {
      /** Number of the image, from 0. */
      index: number;
      /** Of the image. */
      result: SegmentResult;
      /** There is none. */
      error?: undefined;
    }
  | {
      /** Number of the image, from 0. */
      index: number;
      /** There is none. */
      result?: undefined;
      /** Why the image failed; an `InvSegError` where it is one of this package's. */
      error: Error;
    };

/** COCO's compressed run lengths of one mask, which pycocotools and `maskOf` read. */
export interface MaskJson {
  /** [height, width] */
  size: [number, number];
  /** Lengths of background and region in turn, column by column, in COCO's text form. */
  counts: string;
}

/** An array of numbers: its bytes, little-endian, row-major. */
export interface ArrayJson {
  /** Type of one number. */
  dtype: 'float32' | 'uint8';
  /** Lengths of the dimensions, the outermost first. */
  shape: number[];
  /** The bytes. */
  base64: string;
}

/** What `JSON.stringify(result)` writes. The masks of all segments together are the labels. */
export type ResultJson = Omit<SegmentResult, 'labels' | 'segments' | 'maps' | 'strengths' | 'toJSON'> & {
  /** One per category. */
  segments: (Segment & {
    /** Where the category is. */
    mask: MaskJson;
  })[];
  /** As in the result. */
  maps?: {
    /** Side of each map, points. */
    size: number;
    /** Names of the maps, in order. */
    categories: string[];
    /** float32 [categories × size × size] in [0, 1]. */
    data: ArrayJson;
  };
  /** As in the result. */
  strengths?: {
    /** Label of the background. */
    background: number;
    /** uint8 [height × width] */
    foreground: ArrayJson;
    /** float32 [height × width] in [0, 1]. */
    strength: ArrayJson;
  };
};
