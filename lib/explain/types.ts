/** What happened to one picture: everything the page shows, as numbers. */
import type { Palette, PaletteName, Pixels } from '../draw/index.js';
import type { MethodName } from '../options/index.js';
import type { CategoryMaps, Progress, SegmenterInfo, SegmentOptions, SegmentResult } from '../segmenter/index.js';
import type { ChosenPoint } from './anchors.js';
import type { Agreement } from './iou.js';
import type { Names } from './truth.js';

export type ExplainOptions = Omit<SegmentOptions, 'method' | 'onProgress' | 'saveMaps' | 'compareLoss'> & {
  /** Methods whose masks are shown; InvSeg itself always runs. Default: all. */
  methods?: readonly MethodName[] | undefined;
  /** Ground truth [height × width]: 0 background, 1 … the names, 255 ignored. */
  mask?: Uint8Array | undefined;
  /** Names of the mask's indices 1, 2, …, each one or several for the same; default: the categories in their order. */
  maskNames?: readonly Names[] | undefined;
  /** Pixels x, y from the upper left whose distances are shown; default: one point a category. */
  points?: readonly (readonly [number, number])[] | undefined;
  /** Default `okabe-ito`. */
  palette?: PaletteName | undefined;
  /** Called before a stage and after every step of every method. */
  onProgress?: ((method: MethodName, progress: Progress) => void) | undefined;
};

/** What one method made of the picture. */
export interface MethodRun {
  method: MethodName;
  /** Undefined where it failed; `failure` says why. */
  result?: SegmentResult;
  failure?: string;
  /** With a ground truth, where the method's names are the asked ones. */
  agreement?: Agreement;
}

export interface Explanation {
  /** The picture as it is shown, and its own size. */
  picture: { pixels: Pixels; width: number; height: number };
  /** The background last. */
  categories: string[];
  /** Categories, then names that only the ground truth has. */
  classes: string[];
  palette: Palette;
  paletteName: PaletteName;
  info: SegmenterInfo;
  /** InvSeg's own result, also where its mask is not among the shown. */
  invseg: SegmentResult;
  runs: MethodRun[];
  /** [height × width] index into `classes`, 255 where the pixel does not count. */
  truth?: Uint8Array;
  before: CategoryMaps;
  after: CategoryMaps;
  /** Soft anchors after some steps (eq. 5). */
  anchors: { step: number; maps: CategoryMaps }[];
  /** Eq. 3 from each point to all others; undefined where the loop reads no self-attention. */
  distances?: { points: ChosenPoint[]; maps: Float32Array[]; frame: number };
}
