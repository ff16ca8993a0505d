import { expect, it } from 'vitest';
import type { Dataset } from '../../lib/datasets/index.js';
import type { Place } from '../../lib/evaluation/picture.js';
import type { Outcome } from '../../lib/evaluation/pool.js';
import { Backlog } from '../../lib/evaluation/processes/backlog.js';
import type { ToParent } from '../../lib/evaluation/processes/messages.js';
import { ProcessPool } from '../../lib/evaluation/processes/pool.js';
import type { RunSettings } from '../../lib/evaluation/types.js';
import { asChild, FakeChild, facts, recordOf } from './fake-child.js';

const places = (count: number): Place[] => Array.from({ length: count }, (_, place) => ({ id: `p${place}`, place }));
const ids = (list: Iterable<Place>): string[] => [...list].map(({ id }) => id);

type Answer = ConstructorParameters<typeof FakeChild>[0];
type First = ConstructorParameters<typeof FakeChild>[1];

async function run(count: number, devices: string[], answer?: Answer, first?: First, signal?: AbortSignal) {
  const children: FakeChild[] = [];
  const notes: string[] = [];
  const outcomes: Outcome[] = [];
  const entry = () => {
    children.push(new FakeChild(answer, first));
    return asChild(children.at(-1)!);
  };
  await using pool = await ProcessPool.open({
    devices,
    entry,
    setup: {},
    dataset: { root: '/nowhere' } as Dataset,
    onNote: (text) => notes.push(text),
    signal,
  });
  for await (const outcome of pool.work(places(count), { settings: {} as RunSettings, prefetch: 2, signal }))
    outcomes.push(outcome);
  return { children, notes, outcomes, sorted: outcomes.map(({ id }) => id).sort() };
}

const done = (place: Place) => ({ record: recordOf(place), labels: new Uint8Array() });

it('holds suspects back, and gives each alone', () => {
  const backlog = new Backlog(places(5));
  const hand = [backlog.take([])!, backlog.take([])!];
  expect(backlog.lose(hand)).toEqual([]);
  const fresh = [backlog.take([])!, backlog.take([])!, backlog.take([])!];
  expect(ids(fresh)).toEqual(['p2', 'p3', 'p4']);
  expect(backlog.take(fresh), 'not beside others').toBeUndefined();
  const suspect = backlog.take([])!;
  expect([suspect.id, backlog.take([suspect])]).toEqual(['p0', undefined]);
  expect(backlog.lose([suspect])).toEqual([]);
  expect(ids([backlog.take([])!, backlog.take([])!])).toEqual(['p1', 'p0']);
  expect(ids(backlog.lose([suspect])), 'the third time').toEqual(['p0']);
  expect([backlog.finish(suspect), backlog.finish(suspect), backlog.open]).toEqual([true, false, 4]);
});

it('spreads the pictures, each once', async () => {
  const { children, sorted, notes } = await run(40, ['cuda:0', 'cuda:1']);
  expect(sorted).toEqual(ids(places(40)).sort());
  expect(children.map(({ device }) => device)).toEqual(['cuda:0', 'cuda:1']);
  for (const { given } of children) expect(given.length).toBeGreaterThan(5);
  expect(notes).toEqual([]);
});

it('gives a process no more than it reads ahead', async () => {
  let most = 0;
  const held = new Map<FakeChild, Place[]>();
  await run(20, ['cpu'], (child, place) => {
    const hand = [...(held.get(child) ?? []), place];
    most = Math.max(most, hand.length);
    held.set(child, hand);
    setTimeout(() => {
      held.set(
        child,
        held.get(child)!.filter(({ id }) => id !== place.id),
      );
      child.emit('message', { type: 'done', place, result: done(place) } satisfies ToParent);
    }, 2);
    return undefined;
  });
  expect(most).toBe(3);
});

it('takes over what a process had in hand, and starts another', async () => {
  let died = false;
  const { children, sorted, outcomes, notes } = await run(30, ['cpu'], (child, place) => {
    if (child.given.length !== 4 || died) return done(place);
    died = true;
    return 'die';
  });
  expect([died, children.length]).toEqual([true, 2]);
  expect(sorted).toEqual(ids(places(30)).sort());
  expect(outcomes.every((one) => 'record' in one)).toBe(true);
  expect(notes.join()).toMatch(/^cpu: the process ended \(signal SIGKILL\), it is started again; taken over: p\d/);
});

it('gives up the one picture that ends processes, and no other', async () => {
  const { outcomes, children } = await run(12, ['cpu', 'cpu'], (_, place) => (place.id === 'p5' ? 'die' : done(place)));
  const failed = outcomes.flatMap((one) => ('error' in one ? [one] : []));
  expect(failed.map(({ id }) => id)).toEqual(['p5']);
  expect(failed[0]!.error).toMatchObject({
    code: 'WORKER_LOST',
    message: expect.stringContaining('3 processes ended'),
  });
  expect(outcomes.length).toBe(12);
  expect(children.length, 'two, and one for each end').toBeLessThanOrEqual(5);
});

it('asks an engine without memory nothing more', async () => {
  let first = true;
  const { outcomes, children, notes } = await run(6, ['cuda:0'], (_, place) => {
    if (!first) return done(place);
    first = false;
    return { failure: { code: 'OUT_OF_MEMORY', message: 'no memory for 3 GB' } };
  });
  expect([outcomes.length, outcomes.every((one) => 'record' in one), children.length]).toEqual([6, true, 2]);
  expect(notes[0]).toContain('no memory for 3 GB');
});

it('passes on what is wrong with a picture', async () => {
  const { outcomes, children } = await run(3, ['cpu'], (_, place) =>
    place.id === 'p1' ? { failure: { code: 'MASK_INVALID', message: 'torn' } } : done(place),
  );
  expect(outcomes.find(({ id }) => id === 'p1')).toMatchObject({
    place: 1,
    error: { code: 'MASK_INVALID', message: 'torn' },
  });
  expect(children.length).toBe(1);
});

it('ends when no process is left, or an engine cannot be opened', async () => {
  await expect(run(4, ['cuda:0'], undefined, () => 'die')).rejects.toMatchObject({
    code: 'WORKER_LOST',
    message: expect.stringContaining('No process is left'),
  });
  const failed = (): ToParent => ({ type: 'failed', failure: { code: 'MODEL_NOT_FOUND', message: 'no model there' } });
  await expect(run(4, ['cuda:0'], undefined, failed)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: 'cuda:0: no model there',
  });
});

it('refuses devices that count differently', async () => {
  let started = 0;
  const first = (): ToParent => ({
    type: 'ready',
    info: { ...facts, dtype: started++ === 0 ? 'float32' : 'bfloat16' },
    names: 'a test',
  });
  await expect(run(100, ['cuda:0', 'cuda:1'], () => undefined, first)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('bfloat16'),
  });
});

it('ends its processes when it is aborted', async () => {
  const abort = new AbortController();
  const seen: FakeChild[] = [];
  const running = run(
    50,
    ['cpu', 'cpu'],
    (child, place) => {
      seen.push(child);
      if (seen.length === 8) abort.abort();
      return seen.length < 8 ? done(place) : undefined;
    },
    undefined,
    abort.signal,
  );
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  expect(seen.every(({ connected }) => !connected)).toBe(true);
});

/** A pool whose process answers after `delay`, or once it is told to. */
async function slowPool(delay: number): Promise<{ pool: ProcessPool; child: () => FakeChild }> {
  let child: FakeChild | undefined;
  const entry = () => {
    child = new FakeChild((own, place) => {
      setTimeout(() => own.emit('message', { type: 'done', place, result: done(place) } satisfies ToParent), delay);
      return undefined;
    });
    return asChild(child);
  };
  const dataset = { root: '/nowhere' } as Dataset;
  return { pool: await ProcessPool.open({ devices: ['cpu'], entry, setup: {}, dataset }), child: () => child! };
}

const settings = { options: { method: 'baseline' } } as unknown as RunSettings;

it('gives a run nothing of the one before, which was left early', async () => {
  const { pool } = await slowPool(20);
  await using _ = pool;
  for await (const { id } of pool.work(places(10), { settings, prefetch: 3, signal: undefined }))
    if (id === 'p0') break;
  const others = [
    { id: 'q0', place: 0 },
    { id: 'p1', place: 1 },
  ];
  const outcomes: Outcome[] = [];
  for await (const outcome of pool.work(others, { settings, prefetch: 3, signal: undefined })) outcomes.push(outcome);
  expect(outcomes.map(({ id }) => id).sort()).toEqual(['p1', 'q0']);
  expect(outcomes.map((outcome) => ('record' in outcome ? outcome.record.place : NaN)).sort()).toEqual([0, 1]);
});

it('sends the options of the run with each picture', async () => {
  const { pool, child } = await slowPool(0);
  await using _ = pool;
  const said: unknown[] = [];
  const send = child().send.bind(child());
  child().send = (message) => {
    if (message.type === 'work') said.push(message.options);
    return send(message);
  };
  for await (const __ of pool.work(places(2), { settings, prefetch: 1, signal: undefined }));
  expect(said).toEqual([settings.options, settings.options]);
});

it('refuses a second run at the same time, and any after its end', async () => {
  const { pool } = await slowPool(20);
  const run = { settings, prefetch: 1, signal: undefined };
  const first = pool.work(places(3), run);
  await first.next();
  await expect(pool.work(places(1), run).next()).rejects.toThrow(/works on another run/);
  const ended = expect(first.next().then(() => first.next())).rejects.toMatchObject({ code: 'DISPOSED' });
  await pool[Symbol.asyncDispose]();
  await ended;
  await expect(pool.work(places(1), run).next()).rejects.toMatchObject({ code: 'DISPOSED' });
});
