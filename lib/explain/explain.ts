/** One picture, every method, and a look at InvSeg from between its steps. */
import { categoryPalette, resizePixels, shownSize } from '../draw/index.js';
import { InvSegError } from '../errors.js';
import type { ImageInput } from '../image/index.js';
import { decodeImage } from '../image/index.js';
import type { MethodName } from '../options/index.js';
import { methodNames, resolveOptions } from '../options/index.js';
import type { CategoryMaps, Segmenter, SegmentResult } from '../segmenter/index.js';
import { checkSegmenter } from '../segmenter/index.js';
import { parseCategories } from '../text/index.js';
import type { ChosenPoint } from './anchors.js';
import { categoryPoints, cellOf, placesOf, softAnchors } from './anchors.js';
import { checkExplainOptions, checkMask } from './check.js';
import { symmetricDistances } from './distances.js';
import { agreement } from './iou.js';
import type { Look } from './look.js';
import { stepsToShow, watch } from './look.js';
import type { Truth } from './truth.js';
import { readTruth } from './truth.js';
import type { ExplainOptions, Explanation, MethodRun } from './types.js';

/** What ends the whole explanation; anything else ends one method of it, since InvSeg took the same options before. */
const fatal: ReadonlySet<string> = new Set(['ABORTED', 'DISPOSED']);

/**
 * Segments an image with every method and keeps what the paper's Figures 3, 4 and 5 show: maps before and after,
 * anchors, distances, losses.
 *
 * @param segmenter the model
 * @param input path, bytes of a file, sharp instance, or raw RGB
 * @param options names to look for, options of `segment`, and what should be shown
 * @returns everything that the page shows, as numbers
 * @throws {InvSegError} the codes of `Segmenter.segment`, and `INVALID_OPTION` for points outside the image or an
 * index of the mask without a name, `SHAPE_MISMATCH`; another method than InvSeg that fails is reported in `runs`
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { explain } from 'invseg-native/explain';
 *
 * await using segmenter = await Segmenter.open();
 * const { runs } = await explain(segmenter, 'cat.jpg', { categories: ['cat'], steps: 2, methods: ['invseg', 'baseline'] });
 * for (const { method, result } of runs) console.log(method, result?.segments);
 * ```
 */
export async function explain(segmenter: Segmenter, input: ImageInput, options: ExplainOptions): Promise<Explanation> {
  checkSegmenter(segmenter);
  checkExplainOptions(options);
  const {
    methods = methodNames,
    mask,
    maskNames,
    points,
    palette: paletteName = 'okabe-ito',
    onProgress,
    signal,
    ...rest
  } = options;
  const { categories: asked, ...overrides } = rest;
  const resolved = resolveOptions(overrides, segmenter.info.model.methods);
  const names = parseCategories(asked, resolved.background.name);
  const { rgb, width, height } = await decodeImage(input, { signal });
  const raw = { data: rgb, width, height, channels: 3 };
  const places = points && placesOf(points, width, height);
  const truth = mask === undefined ? undefined : readTruth(checkMask(mask, width, height), names, maskNames);

  const segment = { ...overrides, categories: names, signal };
  const report = (method: MethodName) => (progress: Parameters<NonNullable<typeof onProgress>>[1]) =>
    onProgress?.(method, progress);
  const { observe, seen } = watch(stepsToShow(resolved.steps));
  const invseg = await segmenter.observe(
    raw,
    { ...segment, method: 'invseg', saveMaps: true, compareLoss: true, onProgress: report('invseg') },
    observe,
  );
  const runs: MethodRun[] = [];
  for (const method of methodNames) {
    if (!methods.includes(method)) continue;
    if (method === 'invseg') runs.push(judge({ method, result: invseg }, truth));
    else {
      const run = segmenter.segment(raw, { ...segment, method, onProgress: report(method) }).then(
        (result): MethodRun => judge({ method, result }, truth),
        (error: unknown): MethodRun => ({ method, failure: reasonOf(error) }),
      );
      runs.push(await run);
    }
  }

  const { categories } = invseg;
  const classes = truth?.classes ?? categories;
  const shown = shownSize(width, height, { most: 1024, least: 256 });
  const look = seen();
  return {
    picture: { pixels: await resizePixels({ rgb, width, height }, shown.width, shown.height), width, height },
    categories,
    classes,
    palette: categoryPalette(categories.length, paletteName),
    paletteName,
    info: segmenter.info,
    invseg,
    runs,
    ...(truth && { truth: truth.labels }),
    ...figures(look, invseg, places),
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof InvSegError && fatal.has(error.code)) throw error;
  return error.message.split('\n')[0]!;
}

/** A method that finds its own names (or none) cannot be compared by name. */
function judge(run: MethodRun, truth: Truth | undefined): MethodRun {
  if (!truth || !run.result) return run;
  const { labels, categories } = run.result;
  const lookup = categories.map((name) => truth.classes.indexOf(name));
  if (lookup.includes(-1)) return run;
  const own = labels.map((label) => lookup[label]!);
  return { ...run, agreement: agreement(own, truth.labels, truth.classes.length) };
}

type Figures = Pick<Explanation, 'before' | 'after' | 'anchors' | 'distances'>;

function figures(look: Look, result: SegmentResult, places: ChosenPoint[] | undefined): Figures {
  const { anchorScale, anchorCentre } = result.options.loss;
  const after = result.maps!; // asked for
  const mapsOf = (data: Float32Array): CategoryMaps => ({ ...after, data });
  const anchors = look.steps.map(({ step, maps }) => ({
    step,
    maps: mapsOf(softAnchors(maps, anchorScale, anchorCentre)),
  }));
  const base = { before: mapsOf(look.before), after, anchors };
  if (!look.self) return base;
  const { map, frame } = look.self;
  const points = places ?? categoryPoints(after);
  const maps = symmetricDistances(
    map,
    frame * frame,
    points.map((point) => cellOf(point, frame)),
  );
  return { ...base, distances: { points, maps, frame } };
}
