/** `invseg worker`: an engine on any host that takes pictures of evaluations from a queue. */

import type { Command } from 'commander';
import { integer } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { openRunNames, PASSWORD_VARIABLE, RedisLink, serveQueue } from '../evaluation/index.js';
import { openBundle } from '../models/index.js';
import { nameSourceKinds } from '../names/index.js';
import { addEngineFlags, addHelp } from './flags/add.js';
import { addDatasetFlags, datasetHelp } from './flags/dataset.js';
import { addMissingNamesFlag, addNamesFlags, categoriesOption } from './flags/names.js';
import { parseValue } from './flags/options.js';
import type { QueueFlags } from './flags/queue.js';
import { addQueueFlags, queueOf } from './flags/queue.js';
import type { PictureFlags } from './flags/run-plan.js';
import { planPictures } from './flags/run-plan.js';
import { EXIT } from './terminal/failure.js';
import { interruptible } from './terminal/interruptible.js';
import type { Io } from './terminal/io.js';

interface WorkerFlags extends PictureFlags, QueueFlags {
  batch: string;
  prefetch?: string;
  takeOver: string;
  idle?: string;
}

/** For services, whose command line everybody can read. */
const QUEUE_VARIABLE = 'INVSEG_QUEUE';

const examples = `
Examples:
  $ invseg worker --queue redis://:secret@queue-host --dataset voc --root /data/VOCdevkit --model /models/stable-diffusion-2-1-base
  $ ${QUEUE_VARIABLE}=redis://queue-host ${PASSWORD_VARIABLE}=secret invseg worker --dataset miniature --idle 600

A worker joins every run in the queue with the same data set, weights, kind of device, source of names and
package version, and says why it skips a run. The run sets the method and its options. Ctrl-C stops the
worker after the images in progress.`;

export function addWorkerCommand(program: Command, io: Io, done: (code: number) => void): void {
  const command = program
    .command('worker')
    .summary('segment images for evaluate --queue')
    .description('Segments images that evaluate --queue hands out over Redis, on this host or any other.')
    .option('--dataset <kind>', datasetHelp);
  addDatasetFlags(command).addOption(categoriesOption('for --names given: names to look for in every image'));
  addMissingNamesFlag(addNamesFlags(command, nameSourceKinds, 'ground-truth'));
  addQueueFlags(command, 'every run that fits', QUEUE_VARIABLE)
    .option('--batch <count>', 'images per pass of the engine, 1 to 64', '1')
    .option('--prefetch <count>', 'images read ahead (default: the batch, at least 2)')
    .option('--take-over <seconds>', 'silence after which others take over the images of a worker', '30')
    .option('--idle <seconds>', 'stop after this long without an image (default: never)');
  addHelp(addEngineFlags(command), examples).action(async (flags: WorkerFlags) => done(await workerCommand(flags, io)));
}

async function workerCommand(flags: WorkerFlags, io: Io): Promise<number> {
  const number = (name: 'batch' | 'prefetch' | 'takeOver' | 'idle', low: number, high: number): number | undefined =>
    flags[name] === undefined ? undefined : integer(low, high).read(parseValue(flags[name]), name);
  const batch = number('batch', 1, 64)!;
  const prefetch = number('prefetch', 0, 64) ?? Math.max(2, batch);
  const takeOver = number('takeOver', 1, 86_400)! * 1000;
  const idle = number('idle', 1, 31_536_000);
  const { url, queueName } = queueOf(flags);
  if (!url)
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected --queue (or ${QUEUE_VARIABLE}), the queue of the evaluation, but received none`,
    );
  const onNote = (text: string): void => io.err(`${text}\n`);

  // Whether a picture may be left out is the evaluator's to say.
  const plan = await planPictures({ ...flags, onProblem: 'skip' });
  const { dataset, engine } = plan;
  // A wrong password is said before gigabytes are loaded.
  await using link = await RedisLink.open({ url, onNote });
  const identity = await (await openBundle(engine.model, engine)).identity();
  await using names = await openRunNames(plan.task, dataset);
  await using segmenter = await interruptible(io.openSegmenter(engine), io.signal);
  const { model, device, dtype } = segmenter.info;
  onNote(
    `worker ${process.pid}: ${model.name} ${model.version} on ${device} (${dtype}), ${dataset.kind} in ${dataset.root}; ${url.shown}`,
  );
  const pictures = await serveQueue({
    link,
    segmenter,
    source: names.source,
    facts: { dataset, info: segmenter.info, names: names.source.description, identity },
    queueName,
    batch,
    prefetch,
    takeOver,
    idle: idle === undefined ? undefined : idle * 1000,
    signal: io.signal,
    onNote,
  });
  io.err(`${pictures} images\n`);
  return EXIT.ok;
}
