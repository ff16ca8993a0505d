/**
 * One listener a signal, however many calls wait on it. Node warns of a leak at the eleventh listener, and the signal of
 * a service that is shut down, or a segmenter's own, may have hundreds of calls.
 */
interface Waiters {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

// Weak, so that a signal goes with its last user.
const waiters = new WeakMap<AbortSignal, Waiters>();

/**
 * Calls `call` when `signal` aborts, unless it has already.
 * @param call a function of its own for each wait
 * @returns what ends the wait; the signal's listener goes with the last one
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const all = waiters.get(signal) ?? listen(signal);
  all.calls.add(call);
  return () => {
    if (!all.calls.delete(call) || all.calls.size > 0) return;
    signal.removeEventListener('abort', all.listener);
    waiters.delete(signal);
  };
}

function listen(signal: AbortSignal): Waiters {
  const calls = new Set<() => void>();
  const listener = (): void => {
    for (const call of [...calls]) call();
  };
  signal.addEventListener('abort', listener, { once: true });
  const all = { calls, listener };
  waiters.set(signal, all);
  return all;
}
