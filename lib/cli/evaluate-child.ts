/** A process of `evaluate --devices`: one engine. Started by the command, of no use by hand. */
import { serveParent } from '../evaluation/processes/child.js';
import type { MethodOverrides } from '../options/index.js';
import { Segmenter } from '../segmenter/segmenter.js';
import type { PictureFlags } from './run-plan.js';
import { openTask } from './run-plan.js';

export interface ChildSetup {
  flags: PictureFlags;
  options: MethodOverrides;
  /** Pictures in one pass. */
  batch: number;
}

serveParent<ChildSetup>(({ flags, options, batch }, device) =>
  openTask(
    { ...flags, device },
    { options, batch },
    {
      openSegmenter: (engine) => Segmenter.open(engine),
      signal: new AbortController().signal,
    },
  ),
);
