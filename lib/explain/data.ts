/** The numbers of an explanation as JSON. */
import { packageVersion } from '../version.js';
import type { Explanation } from './types.js';

/** @param files of the page, relative to it */
export function summarise(explanation: Explanation, name: string, files: readonly string[]): Record<string, unknown> {
  const { picture, categories, classes, palette, paletteName, info, invseg, runs, distances, anchors, truth } =
    explanation;
  return {
    format: 'invseg-explanation/1',
    picture: name,
    width: picture.width,
    height: picture.height,
    categories,
    palette: { name: paletteName, colours: classes.map((_, c) => palette[c]) },
    ...(truth && { classes }),
    methods: runs.map(({ method, result, failure, agreement }) => ({
      method,
      ...(failure !== undefined && { failure }),
      ...(result && { categories: result.categories, segments: result.segments, timings: result.timings }),
      ...(agreement && { mIoU: agreement.mean, iou: agreement.classes }),
    })),
    status: invseg.status,
    warnings: invseg.warnings,
    prompts: invseg.prompts,
    losses: invseg.losses,
    comparison: invseg.comparison,
    anchorSteps: anchors.map(({ step }) => step),
    points: distances?.points,
    options: invseg.options,
    ...info,
    files,
    version: packageVersion(),
  };
}
