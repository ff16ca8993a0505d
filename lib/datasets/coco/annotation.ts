/** An annotation of the JSON → its object. */

import { Field, integer, number } from '../../checks/index.js';
import { InvSegError } from '../../errors.js';
import type { EncodedRuns, Runs } from '../../labels/index.js';
import { decodeRuns, runsArea } from '../../labels/index.js';
import type { Size } from '../png-chunks.js';
import { cocoLabels } from './categories.js';
import type { PaintedObject } from './paint.js';
import type { Budget } from './polygon.js';
import { MOST_CROSSINGS, polygonRuns } from './polygon.js';

/** Farther out, in pixels, no annotator clicks; the arithmetic would hold for more. */
const FARTHEST = 1e6;

/**
 * `segmentation` is a list of polygons, or run lengths, plain or compressed; `area` is counted where it is not stated.
 * @param name of the annotation, for messages
 * @param budget of the picture, for all of its annotations
 * @throws {InvSegError} `DATASET_INVALID`
 */
export function readAnnotation(
  annotation: Record<string, unknown>,
  size: Size,
  name: string,
  budget: Budget = { crossings: MOST_CROSSINGS },
): PaintedObject {
  const field = new Field(annotation, { file: name, code: 'DATASET_INVALID' });
  const category = field.at('category_id').value;
  const label = cocoLabels.get(category as number);
  if (label === undefined) throw invalid(name, `the category ${JSON.stringify(category)} is not one of COCO's 80`);
  const shape = field.at('segmentation');
  const parts = Array.isArray(shape.value) ? readPolygons(shape, size, name, budget) : [readRuns(shape, size, name)];
  const area = field.at('area');
  return {
    label,
    area: area.present ? area.read(number({ min: 0 })) : parts.reduce((sum, runs) => sum + runsArea(runs), 0),
    crowd: field.at('iscrowd').value === 1,
    parts,
  };
}

function readPolygons(shape: Field, { width, height }: Size, name: string, budget: Budget): Runs[] {
  const polygons = shape.value as unknown[];
  if (polygons.length === 0) throw invalid(name, 'its segmentation is empty');
  return polygons.map((points, i) => {
    if (!Array.isArray(points) || points.length < 6 || points.length % 2 !== 0) {
      throw invalid(name, `polygon ${i} is not a list x, y, … of at least three points`);
    }
    const far = (points as unknown[]).find((value) => typeof value !== 'number' || !(Math.abs(value) <= FARTHEST));
    if (far !== undefined) throw invalid(name, `polygon ${i} has the coordinate ${JSON.stringify(far)}`);
    try {
      return polygonRuns(points as number[], width, height, budget);
    } catch (cause) {
      throw invalid(name, `with polygon ${i}, ${(cause as Error).message}`);
    }
  });
}

function readRuns(shape: Field, { width, height }: Size, name: string): Runs {
  const size = shape
    .at('size')
    .list()
    .map((side) => side.read(integer(0)));
  const counts = shape.at('counts');
  if (size.length !== 2) shape.at('size').expected('[height, width]');
  if (typeof counts.value !== 'string' && !Array.isArray(counts.value)) counts.expected('run lengths');
  const encoded = { size, counts: counts.value } as unknown as EncodedRuns;
  return decodeRuns(encoded, width, height, name);
}

function invalid(name: string, why: string): InvSegError {
  return new InvSegError('DATASET_INVALID', `${name}: ${why}`);
}
