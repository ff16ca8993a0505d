/** A process of `evaluate --devices`: one engine. Started by the command, of no use by hand. */
import { serveParent } from '../evaluation/index.js';
import type { MethodOverrides } from '../options/index.js';
import { Segmenter } from '../segmenter/index.js';
import type { PictureFlags } from './run-plan.js';
import { openTask } from './run-plan.js';

export interface ChildSetup {
  flags: PictureFlags;
  options: MethodOverrides;
}

serveParent<ChildSetup>(({ flags, options }, device) =>
  openTask({ ...flags, device }, options, {
    openSegmenter: (engine) => Segmenter.open(engine),
    signal: new AbortController().signal,
  }),
);
