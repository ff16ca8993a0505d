/** The child's side: an engine of its own, pictures in, records out, until the parent has gone. */
import type { MethodOptions } from '../../options/index.js';
import type { PictureTask } from '../picture.js';
import { failureOf, RemoteEngine } from '../remote.js';
import type { ToChild, ToParent } from './messages.js';

/** @param open what the parent's `setup` says; the process ends without closing it */
export function serveParent<Setup>(open: (setup: Setup, device: string) => Promise<PictureTask>): void {
  let task: PictureTask | undefined;
  /** Of the run whose images come now; all runs take turns on the one engine. */
  let current: { options: string; engine: RemoteEngine } | undefined;
  const turns = RemoteEngine.turns();
  const engineFor = (options: MethodOptions): RemoteEngine => {
    const text = JSON.stringify(options);
    if (current?.options !== text) current = { options: text, engine: new RemoteEngine({ ...task!, options }, turns) };
    return current.engine;
  };
  const say = (message: ToParent): void => {
    // The parent may be gone by now; then 'disconnect' ends this process.
    if (process.connected) process.send!(message, () => {});
  };
  const start = async (setup: Setup, device: string): Promise<void> => {
    try {
      task = await open(setup, device);
      const { model, device: taken, dtype } = task.segmenter.info;
      say({
        type: 'ready',
        info: {
          model: { name: model.name, version: model.version, methods: model.methods ?? {} },
          device: taken,
          dtype,
        },
        names: task.names.description,
      });
    } catch (error) {
      say({ type: 'failed', failure: failureOf(error, '', { root: '\0' }) });
    }
  };
  process.on('message', (message: ToChild<Setup>) => {
    if (message.type === 'open') void start(message.setup, message.device);
    else {
      const { place, options } = message;
      void engineFor(options)
        .work(place)
        .then((result) => say({ type: 'done', place, result }));
    }
  });
  // Ctrl-C, and a terminal that is closed, reach every process of it; the parent decides what is finished first.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
}
