/**
 * Compares our regions with those of parity.py: node scripts/datasets/parity.mjs FILE.json.gz. Needs the compiled library
 * (dist/); exit code 1 where one pixel differs.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { polygonRuns } from '../../dist/datasets/coco/polygon.js';
import { decodeRuns } from '../../dist/labels/runs.js';

const cases = JSON.parse(gunzipSync(readFileSync(process.argv[2])).toString());

function paint(lists, total) {
  const mask = new Uint8Array(total);
  for (const runs of lists) {
    for (let i = 0; i < runs.length; i += 2) mask.fill(1, runs[i], runs[i + 1]);
  }
  return mask;
}

const kinds = new Map();
let wrong = 0;
for (const [index, { kind, width, height, polygons, counts, runs }] of cases.entries()) {
  const found = polygons
    ? polygons.map((points) => polygonRuns(points, width, height))
    : [decodeRuns({ size: [height, width], counts }, width, height, `case ${index}`)];
  const ours = paint(found, width * height);
  const theirs = paint([runs], width * height);
  const differing = ours.reduce((sum, pixel, i) => sum + (pixel === theirs[i] ? 0 : 1), 0);
  if (differing > 0 && wrong++ < 10)
    console.error(`case ${index} (${kind}, ${width}×${height}): ${differing} pixels differ`);
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
for (const kind of [...kinds.keys()].sort()) console.log(`${String(kinds.get(kind)).padStart(6)}  ${kind}`);
console.log(`${cases.length} cases, ${wrong} differ`);
process.exitCode = wrong > 0 ? 1 : 0;
