import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Io } from '../../lib/cli/terminal/io.js';
import { ProgressLine } from '../../lib/cli/terminal/progress.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

function open(terminal: Io['terminal']) {
  const said: string[] = [];
  const io = { err: (text: string) => void said.push(text), terminal } as Io;
  const show = (done: number) => (done < 0 ? undefined : { share: done / 4, text: `${done} of 4` });
  return { said, line: new ProgressLine<number>(io, show, { terminal: 50, log: 1000 }) };
}

it('is a line now and then in a log, the first and the last among them', () => {
  const { said, line } = open(undefined);
  line.update(0);
  vi.advanceTimersByTime(999);
  line.update(1);
  vi.advanceTimersByTime(1);
  line.update(2);
  line.update(3);
  line.update(4, true);
  line.write('is for terminals alone');
  expect(said).toEqual(['0 of 4\n', '2 of 4\n', '4 of 4\n']);
});

it('has a bar on a terminal, and makes room for a note', () => {
  const { said, line } = open({ columns: 80 });
  line.update(1);
  line.update(2);
  line.note('a note');
  line.clear();
  expect(said).toEqual([`\r\u001b[K[#####${' '.repeat(15)}] 1 of 4`, '\r\u001b[K', 'a note\n']);
});

it('says nothing of what is no news, and waits all the same', () => {
  const { said, line } = open(undefined);
  line.update(-1);
  line.update(1);
  expect(said).toEqual([]);
});
