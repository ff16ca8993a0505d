/**
 * How long COCO's annotations take: node scripts/datasets/decode-bench.mjs [--out .cache/datasets/bench] [--copies 1]. Writes
 * a JSON with as many pictures (5,000 of 640×480) and annotations (36,781, of which 1 % run lengths) as
 * instances_val2017.json, indexes it, and paints every picture. `--copies 23` repeats pictures and annotations to the size of
 * the training set's file and only indexes them. A file that is there is taken as it is, so that the second run's memory is
 * the reader's alone. Needs the compiled library (dist/).
 */
import { closeSync, existsSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { InstancesFile } from '../../dist/datasets/coco/instances.js';
import { paintObjects } from '../../dist/datasets/coco/paint.js';
import { cocoIds } from './fixtures.mjs';

const [PICTURES, ANNOTATIONS, WIDTH, HEIGHT] = [5000, 36_781, 640, 480];
const generator = xoroshiro128plus(1);
const uniform = (low, high) => low + (high - low) * uniformFloat64(generator);
const two = (value) => Math.round(value * 100) / 100;

/** An outline of 6 to 90 points, most objects small, a few as large as the picture. */
function outline() {
  const radius = 5 * 60 ** uniform(0, 1);
  const [x, y] = [uniform(0, WIDTH), uniform(0, HEIGHT)];
  const corners = Math.round(uniform(6, 90));
  return Array.from({ length: corners }, (_, i) => {
    const [angle, r] = [(2 * Math.PI * i) / corners, radius * uniform(0.7, 1)];
    return [
      two(Math.min(Math.max(x + r * Math.cos(angle), 0), WIDTH)),
      two(Math.min(Math.max(y + r * Math.sin(angle), 0), HEIGHT)),
    ];
  }).flat();
}

function crowd() {
  const counts = Array.from({ length: 400 }, () => Math.floor(uniform(0, 700)));
  counts.push(WIDTH * HEIGHT - counts.reduce((a, b) => a + b, 0));
  return { size: [HEIGHT, WIDTH], counts };
}

const { values } = parseArgs({
  options: { out: { type: 'string', default: '.cache/datasets/bench' }, copies: { type: 'string', default: '1' } },
});
const copies = Number(values.copies);
mkdirSync(values.out, { recursive: true });
const file = path.join(values.out, `instances_bench${copies}.json`);

/** Piece by piece: the large file is longer than a string may be. */
function writeList(handle, name, length, make) {
  writeSync(handle, `"${name}":[`);
  for (let start = 0; start < length; start += 5000) {
    const part = Array.from({ length: Math.min(5000, length - start) }, (_, i) => JSON.stringify(make(start + i)));
    writeSync(handle, (start === 0 ? '' : ',') + part.join(','));
  }
  writeSync(handle, ']');
}

function writeJson() {
  const image = (id) => ({ id, file_name: `${String(id).padStart(12, '0')}.jpg`, width: WIDTH, height: HEIGHT });
  const shapes = Array.from({ length: ANNOTATIONS }, (_, i) => (i % 100 === 0 ? crowd() : [outline()]));
  const annotation = (id) => ({
    segmentation: shapes[id % ANNOTATIONS],
    area: two(uniform(20, 90_000)),
    iscrowd: (id % ANNOTATIONS) % 100 === 0 ? 1 : 0,
    image_id: Math.floor(uniform(0, PICTURES * copies)),
    category_id: cocoIds[id % 80],
    id,
  });

  const handle = openSync(file, 'w');
  writeSync(handle, '{');
  writeList(handle, 'images', PICTURES * copies, image);
  writeSync(handle, ',');
  writeList(handle, 'annotations', ANNOTATIONS * copies, annotation);
  writeSync(handle, ',');
  writeList(handle, 'categories', cocoIds.length, (i) => ({ id: cocoIds[i], name: String(cocoIds[i]) }));
  writeSync(handle, '}');
  closeSync(handle);
}
if (!existsSync(file)) writeJson();

/** Seconds on the clock and of the processor since the last call; they differ on a busy machine. */
function timer() {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return `${((performance.now() - wall) / 1000).toFixed(2)} s (processor ${((user + system) / 1e6).toFixed(2)} s)`;
  };
}

let time = timer();
const instances = await InstancesFile.open(file);
console.log(
  `${(statSync(file).size / 1e6).toFixed(1)} MB, ${instances.annotationCount} annotations: indexed in ${time()}, ${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most`,
);
if (copies > 1) process.exit();
time = timer();
let decoded = 0;
for (const id of instances.list.ids) decoded += (await instances.objects(id)).length;
console.log(`${decoded} annotations read and decoded in ${time()}`);
time = timer();
for (const id of instances.list.ids) {
  paintObjects(await instances.objects(id), { width: WIDTH, height: HEIGHT }, { crowd: 'class', overlap: 'smallest' });
}
console.log(`the same, and ${instances.list.ids.length} label maps painted, in ${time()}`);
