/** The JSON of one picture: everything needed to read the other files and to repeat the result. */
import type { Palette } from '../draw/index.js';
import type { SegmenterInfo, SegmentResult } from '../segmenter/index.js';
import { packageVersion } from '../version.js';

/** Of the written PNG: where the background's index is. */
export const labelOrders = ['background-last', 'background-first'] as const;
/**
 * Where the background's index is in a written PNG: the last, as in the result, or 0, as PASCAL VOC has it.
 *
 * @useDeclaredType
 */
export type LabelOrder = (typeof labelOrders)[number];

export interface ReportInput {
  image: string;
  result: SegmentResult;
  info: SegmenterInfo;
  /** By the result's own indices. */
  palette: Palette;
  /** Of the written labels. */
  order: LabelOrder;
  /** Kind of file → its name, relative to the report. */
  files: Record<string, string>;
  /** Which source gave the categories, where the caller did not. */
  names?: string;
}

export function makeReport(input: ReportInput): Record<string, unknown> {
  const { image, result, info, palette, order, files, names } = input;
  const {
    width,
    height,
    categories,
    segments,
    status,
    losses,
    timings,
    prompts,
    warnings,
    unknownNames,
    options,
    comparison,
  } = result;
  // What the model knows is said once, by `invseg info`.
  const { names: _, methods: __, ...model } = info.model;
  return {
    format: 'invseg-result/1',
    image,
    width,
    height,
    categories,
    ...(names !== undefined && { names }),
    labels: order,
    segments: segments.map(({ label, index, score, area, share }) => ({
      label,
      // In the file.
      index: order === 'background-last' ? index : (index + 1) % segments.length,
      colour: palette[index],
      score,
      area,
      share,
    })),
    status,
    warnings,
    ...(unknownNames && { unknownNames }),
    prompts,
    losses,
    ...(comparison && { comparison }),
    /** Milliseconds. */
    timings,
    files,
    options,
    ...info,
    model,
    version: packageVersion(),
  };
}
