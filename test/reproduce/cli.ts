/** The command in this process, with a segmenter that needs no model. */

import { runCli } from '../../lib/cli/program.js';
import type { Io } from '../../lib/cli/terminal/io.js';
import type { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeSegmenter } from '../evaluation/fake.js';

/** @returns exit code, streams, how often a model was opened and how many pictures it was asked for */
export async function reproduceCli(args: readonly string[]) {
  const texts = { out: '', err: '' };
  let opened = 0;
  const fake = new FakeSegmenter();
  fake.info.model.resolutions = [32, 16, 8, 4];
  const io: Io = {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
    terminal: undefined,
    signal: new AbortController().signal,
    async openSegmenter() {
      opened++;
      return Object.assign(fake, { [Symbol.asyncDispose]: async () => {} }) as unknown as Segmenter;
    },
  };
  const code = await runCli(['reproduce', ...args], io);
  return { code, ...texts, opened, calls: fake.calls };
}
