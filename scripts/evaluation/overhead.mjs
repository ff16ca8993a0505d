/**
 * What evaluation takes beside the engine: node scripts/evaluation/overhead.mjs [--pictures 1000] [--width 500] [--height 375]
 * [--data .cache/evaluation]. The engine is a stub that answers at once, so that nothing hides behind it; --delay gives it
 * some ms, as a real one has. Prints ms a picture and memory (MiB) along the way as JSON; CPU time is of all threads, less the
 * stub's own. Needs dist/.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDataset } from '../../dist/api/datasets.js';
import { evaluate } from '../../dist/api/evaluation.js';
import { makeStubData, stubSegmenter } from './stub.mjs';

const option = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    pictures: option('1000'),
    width: option('500'),
    height: option('375'),
    data: option('.cache/evaluation'),
    delay: option('0'),
  },
});
const [pictures, width, height, delay] = [values.pictures, values.width, values.height, values.delay].map(Number);
const root = path.resolve(values.data, `stub-${pictures}-${width}x${height}`);
await makeStubData(root, pictures, width, height);
const out = mkdtempSync(path.join(tmpdir(), 'invseg-overhead-'));
const MB = 2 ** 20;
const memory = [];

/** ms of one call, alone. */
async function cpuOf(segment) {
  const picture = { data: new Uint8Array(width * height * 3), width, height, channels: 3 };
  const began = process.cpuUsage();
  for (let i = 0; i < 100; i++) await segment(picture, { categories: ['cat', 'dog'] });
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 / 100;
}

try {
  const dataset = await openDataset({ kind: 'folder', root });
  const stub = stubSegmenter(delay);
  // The stub's own time is not ours.
  let inside = 0;
  const segment = stub.segment.bind(stub);
  stub.segment = async (...args) => {
    const began = performance.now();
    const result = await segment(...args);
    inside += performance.now() - began;
    return result;
  };
  const stubCpu = await cpuOf(segment);
  const cpu = process.cpuUsage();
  const began = performance.now();
  await evaluate({
    segmenter: stub,
    dataset,
    out,
    onProgress({ done }) {
      if (done % Math.ceil(pictures / 10) === 0)
        memory.push({
          done,
          rss: Math.round(process.memoryUsage.rss() / MB),
          heap: Math.round(process.memoryUsage().heapUsed / MB),
        });
    },
  });
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const each = (ms) => Math.round((100 * ms) / pictures) / 100;
  console.log(
    JSON.stringify(
      {
        pictures,
        width,
        height,
        wallMs: each(wall),
        stubMs: each(inside),
        besideMs: each(wall - inside),
        besideCpuMs: Math.round(100 * ((user + system) / 1000 / pictures - stubCpu)) / 100,
        maxRss: Math.round(process.resourceUsage().maxRSS / 1024),
        memory,
      },
      null,
      1,
    ),
  );
} finally {
  rmSync(out, { recursive: true, force: true });
}
