/**
 * Runs one native job of several seconds on the miniature, in a process or a worker thread of its own, and ends in the way
 * that the first argument (or workerData) names, after so many milliseconds as the second one says. Uses dist/: a worker
 * thread of vitest's cannot load TypeScript.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { inversionOptions } from '../../dist/methods/inversion.js';
import { selectAll } from '../../dist/methods/selections.js';
import { resolveEngineOptions, resolveOptions } from '../../dist/options/index.js';
import { openParts } from '../../dist/segmenter/open.js';

/** Listeners of 'exit' that were there before the addon. */
const LISTENERS = {
  'listener-throws': () => {
    throw new Error('thrown at exit');
  },
  'listener-exits': () => process.exit(9),
};

const ending = isMainThread ? process.argv[2] : workerData;
const after = isMainThread && process.argv[3] !== undefined ? Number(process.argv[3]) : 200;
const VIEWS = 150;

if (LISTENERS[ending]) process.on('exit', LISTENERS[ending]);
const parts = await openParts(resolveEngineOptions({ device: 'cpu', threads: 1 }));
const options = resolveOptions({});
const prompts = parts.buildPrompts(['cat'], { ...options.prompt, background: options.background });
const selections = selectAll(parts, options);
const embedding = await parts.engine.encodeText(prompts.ids, prompts.count);
const image = await parts.engine.encodeImage(new Uint8Array(64 * 64 * 3).fill(90), 64, 64, false, 0);
const inversion = await parts.engine.createInversion(
  image,
  embedding,
  inversionOptions({ options, prompts, selections }),
);

const views = (count) => ({
  boxes: Float32Array.from({ length: 4 * count }, (_, i) => (i % 4 < 2 ? 0.1 : 0.8)),
  timesteps: new Int32Array(count).fill(100),
  noiseSeed: 1,
});
/** Endings at which the thread had better not be between two operations, where it would use what exit() takes away. */
const ABRUPT = [...Object.keys(LISTENERS), 'no-listeners', 'really-exit'];
const job = ABRUPT.includes(ending)
  ? Promise.all(Array.from({ length: 500 }, () => inversion.step(views(1))))
  : inversion.step(views(ending === 'return' ? 4 : VIEWS));
job.catch(() => {});
if (ending === 'return') {
  // Nothing is disposed and no timer runs: the pending job alone keeps the process alive, and after it nothing does.
  const { finite } = await job;
  tell(`finite ${finite}`);
} else {
  // By then the job runs on the engine's thread.
  setTimeout(() => {
    tell('running');
    if (ending === 'exit') process.exit(7);
    if (ending === 'throw') throw new Error('thrown while a job runs');
    if (LISTENERS[ending]) process.exit(7);
    if (ending === 'no-listeners') {
      process.removeAllListeners('exit');
      process.exit(7);
    }
    if (ending === 'really-exit') process.reallyExit(7);
    if (ending === 'kill') process.kill(process.pid, 'SIGTERM');
  }, after);
}

function tell(line) {
  if (isMainThread) process.stdout.write(`${line}\n`);
  else parentPort.postMessage(line);
}
