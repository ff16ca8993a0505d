/** What a command says about a run. */

import path from 'node:path';
import type { Evaluation } from '../../evaluation/index.js';
import { percent } from '../../words.js';
import type { Io } from './io.js';

export function tellRun(io: Io, out: string, evaluation: Evaluation, json: true | undefined): void {
  const { mIoU, mAcc, aAcc, mIoU95, pictures } = evaluation;
  if (json) io.out(`${JSON.stringify(evaluation)}\n`);
  else
    io.out(
      `mIoU ${percent(mIoU)} (95 %: ${mIoU95.map((end) => percent(end)).join(' to ')}), mAcc ${percent(mAcc)}, aAcc ${percent(aAcc)}\n`,
    );
  const nameless = pictures.withoutNames > 0 ? ` (${pictures.withoutNames} without names)` : '';
  const left = pictures.skipped > 0 ? `, ${pictures.skipped} left out${nameless}` : '';
  const open = pictures.total - pictures.evaluated - pictures.skipped;
  const others = open > 0 ? `, ${open} not looked at (other shards)` : '';
  io.err(`${pictures.evaluated} of ${pictures.total} images${left}${others}; ${path.join(out, 'report.*')}\n`);
}
