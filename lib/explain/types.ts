/** What happened to one image: everything the page shows, as numbers. */
import type { Palette, PaletteName, Pixels } from '../draw/index.js';
import type { MethodName } from '../options/index.js';
import type { CategoryMaps, Progress, SegmenterInfo, SegmentOptions, SegmentResult } from '../segmenter/index.js';
import type { ChosenPoint } from './anchors.js';
import type { Agreement } from './iou.js';

/** What `explain` takes: options of `segment`, and what the page should show. */
export type ExplainOptions = Omit<SegmentOptions, 'method' | 'onProgress' | 'saveMaps' | 'compareLoss'> & {
  /** Methods whose masks are shown; InvSeg itself always runs. Default: all. */
  methods?: readonly MethodName[] | undefined;
  /** Ground truth [height × width]: 0 background, 1 … the names, 255 ignored. */
  mask?: Uint8Array | undefined;
  /** Names of the mask's indices 1, 2, …, each one or several for the same; default: the categories in their order. */
  maskNames?: readonly (string | readonly string[])[] | undefined;
  /** Pixels x, y from the upper left whose distances are shown; default: one point per category. */
  points?: readonly (readonly [number, number])[] | undefined;
  /** Default `okabe-ito`. */
  palette?: PaletteName | undefined;
  /** Called before a stage and after every step of every method. */
  onProgress?: ((method: MethodName, progress: Progress) => void) | undefined;
};

/** What one method made of the image. */
export interface MethodRun {
  /** Its name. */
  method: MethodName;
  /** Undefined where it failed; `failure` says why. */
  result?: SegmentResult;
  /** Why there is no result. */
  failure?: string;
  /** With a ground truth, where the method's names are the asked ones. */
  agreement?: Agreement;
}

/** What happened to one image: everything that the page shows, as numbers. */
export interface Explanation {
  /** The image as it is shown, and its own size. */
  picture: {
    /** As it is shown, at most 1024 pixels on its longer side. */
    pixels: Pixels;
    /** Its own width, pixels. */
    width: number;
    /** Its own height, pixels. */
    height: number;
  };
  /** Names in label order, the background last. */
  categories: string[];
  /** Categories, then names that only the ground truth has. */
  classes: string[];
  /** Colours by label. */
  palette: Palette;
  /** Its name. */
  paletteName: PaletteName;
  /** Model, device and precision. */
  info: SegmenterInfo;
  /** InvSeg's own result, also where its mask is not among the shown. */
  invseg: SegmentResult;
  /** One per method that is shown. */
  runs: MethodRun[];
  /** [height × width] index into `classes`, 255 where the pixel does not count. */
  truth?: Uint8Array;
  /** Refined maps of the prompt as written. */
  before: CategoryMaps;
  /** Refined maps of the prompt as learnt. */
  after: CategoryMaps;
  /** Soft anchors after some steps (eq. 5). */
  anchors: {
    /** From 1; 0 is the prompt as written. */
    step: number;
    /** One per category, in [0, 1]. */
    maps: CategoryMaps;
  }[];
  /** Eq. 3 from each point to all others; undefined where the loop reads no self-attention. */
  distances?: {
    /** Where they are taken from. */
    points: ChosenPoint[];
    /** One per point, [frame × frame]. */
    maps: Float32Array[];
    /** Side of the maps, points. */
    frame: number;
  };
}
