import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Io } from '../../lib/cli/terminal/io.js';
import { printable, printableIo } from '../../lib/cli/terminal/printable.js';
import { ProgressLine } from '../../lib/cli/terminal/progress.js';
import { command } from '../support/command.js';

const harmless = /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/;
it('shows controls and turns of direction, and leaves JSON what it is', () => {
  expect(printable('a\u001b[2Jb\u0007\r\u202e\u009b1m\tc\n')).toBe('a\\u001b[2Jb\\u0007\\u000d\\u202e\\u009b1m\tc\n');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).toMatch(harmless);
      expect(JSON.parse(printable(JSON.stringify({ text })))).toEqual({ text });
    }),
  );
});

it('is what every text of a command goes through: names of files, of options, of queues', async () => {
  for (const argv of [
    ['segment', '\u001b]0;title\u0007.png', '-c', 'cat'],
    ['evaluate', '--dataset', '\u001b[31m'],
    ['segment', 'x', '--set', '\u001b[2J=1', '-c', 'a'],
    ['\u001b[1A'],
  ]) {
    const { code, out, err } = await command(argv);
    expect(code).not.toBe(0);
    expect(err).not.toBe('');
    expect(err + out).toMatch(harmless);
  }
});

it('is not what a line of progress moves the cursor with, but its title', () => {
  let err = '';
  const io = { err: (text: string) => void (err += text), terminal: { columns: 60 } } as Io;
  const line = new ProgressLine(printableIo(io), String);
  line.write('cat\u001b[2J.jpg');
  line.clear();
  expect(err).toBe('\r\u001b[Kcat\\u001b[2J.jpg\r\u001b[K');
});
