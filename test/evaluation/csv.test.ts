import { expect, it } from 'vitest';
import { perImageCsv } from '../../lib/evaluation/csv.js';
import type { PictureRow } from '../../lib/evaluation/summary.js';

const row = (id: string, hit = 1): PictureRow => ({
  id,
  place: 0,
  mask: '0',
  mIoU: -0.5,
  aAcc: null,
  hit,
  truth: 2,
  names: 1,
  milliseconds: 3,
  firstLoss: -1.5,
  lastLoss: null,
  warnings: 0,
});

it.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', `"'\r=1"`],
  ['＝1', "'＝1"],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ['cat=1', 'cat=1'],
])('the name %j is no formula', (id, cell) => {
  expect(
    perImageCsv([row(id)]).slice('id,miou,aacc,hit,truth,names,milliseconds,first_loss,last_loss,warnings\n'.length),
  ).toBe(`${cell},-0.5,,1,2,1,3,-1.5,,0\n`);
});
