/** The command in this process, with a segmenter that needs no model. */

import type { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeSegmenter } from '../evaluation/fake.js';
import { command } from '../support/command.js';

/** @returns exit code, streams, how often a model was opened and how many pictures it was asked for */
export async function reproduceCli(args: readonly string[]) {
  let opened = 0;
  const fake = new FakeSegmenter();
  fake.info.model.resolutions = [32, 16, 8, 4];
  const said = await command(['reproduce', ...args], {
    async openSegmenter() {
      opened++;
      return Object.assign(fake, { [Symbol.asyncDispose]: async () => {} }) as unknown as Segmenter;
    },
  });
  return { ...said, opened, calls: fake.calls };
}
