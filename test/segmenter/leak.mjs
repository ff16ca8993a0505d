/**
 * Many calls on one segmenter, in a process with --expose-gc; prints what is still there afterwards as JSON. The engine is in
 * memory: each result is `BYTES` of labels, so that one that stays can be seen. Uses dist/, as every process of its own.
 */
import { resolveOptions } from '../../dist/options/index.js';
import { Segmenter } from '../../dist/segmenter/segmenter.js';

const CALLS = 500;
const SIDE = 512;
const BYTES = SIDE * SIDE;

const handle = (methods = {}) => ({ ...methods, dispose() {} });
const engine = {
  device: 'cpu',
  dtype: 'float32',
  deviceName: 'a test',
  encodeText: async () => handle(),
  encodeImage: async () => handle(),
  createInversion: async () =>
    handle({
      predict: async ({ width, height }) => ({
        labels: new Uint8Array(width * height).fill(1),
        areas: Float64Array.of(0, width * height),
        scores: Float32Array.of(0, 1),
        maps: null,
        foreground: null,
        strengths: null,
        milliseconds: 1,
      }),
    }),
  dispose: async () => {},
};
const none = Int32Array.of(0, 1, 1, 0, 2, 1);
const segmenter = Segmenter.of({
  engine,
  model: {
    name: 'a test',
    version: '1',
    folder: '/nowhere',
    latentSize: 16,
    resolutions: [16],
    defaults: { training: { 16: 1 }, inferenceCross: { 16: 1 }, inferenceSelf: { 16: 1 } },
  },
  buildPrompts: () => ({
    ids: none,
    count: 1,
    length: 4,
    spans: none,
    groups: Int32Array.of(0, 1),
    empty: none,
    categories: ['cat', 'background'],
    texts: [''],
    warnings: [],
  }),
  selectMaps: () => ({}),
});
const picture = { data: new Uint8Array(BYTES * 3), width: SIDE, height: SIDE, channels: 3 };
const options = { ...resolveOptions({ method: 'baseline' }), categories: ['cat'] };

let collected = 0;
const registry = new FinalizationRegistry(() => collected++);
const results = [];
const samples = [];
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** One call whose result nobody keeps. */
async function call() {
  const result = await segmenter.segment(picture, options);
  registry.register(result);
  results.push(new WeakRef(result));
}

for (let i = 1; i <= CALLS; i++) {
  await call();
  if (i % 25 > 0) continue;
  // Buffers are freed by another thread after a collection; the next one waits for it.
  for (let i = 0; i < 2; i++) {
    await turn();
    globalThis.gc();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  samples.push({ call: i, heap: heapUsed + arrayBuffers, rss });
}
// Finalisers run between turns of the event loop.
for (let i = 0; i < 50 && collected < CALLS; i++) {
  globalThis.gc();
  await turn();
}

/** Least squares, bytes a call; the first samples are the program's own start. */
function slope(name) {
  const used = samples.slice(4);
  const mean = (of) => used.reduce((sum, sample) => sum + of(sample), 0) / used.length;
  const [x, y] = [mean((sample) => sample.call), mean((sample) => sample[name])];
  const along = used.reduce((sum, sample) => sum + (sample.call - x) * (sample[name] - y), 0);
  return along / used.reduce((sum, sample) => sum + (sample.call - x) ** 2, 0);
}

const alive = results.filter((result) => result.deref() !== undefined).length;
console.log(JSON.stringify({ calls: CALLS, bytes: BYTES, alive, collected, heap: slope('heap'), rss: slope('rss') }));
