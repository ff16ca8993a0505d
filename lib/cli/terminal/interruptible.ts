/** What Ctrl-C does to a command that is at work. */
import { InvSegError } from '../../errors.js';
import type { Segmenter } from '../../segmenter/index.js';

/** Loading cannot be interrupted; the process ends without it. */
export function interruptible(opening: Promise<Segmenter>, signal: AbortSignal): Promise<Segmenter> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      opening.then((late) => late.dispose()).catch(() => {});
      reject(interrupted('the model was still being loaded'));
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    opening.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

export const interrupted = (where: string): InvSegError => new InvSegError('ABORTED', `Interrupted: ${where}`);
