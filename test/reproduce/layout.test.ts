import { expect, it } from 'vitest';
import { points, spreadText } from '../../lib/reproduce/cells.js';
import type { Circumstances, RowResult, TableResult } from '../../lib/reproduce/index.js';
import { machineOf, tableMarkdown, tableText } from '../../lib/reproduce/index.js';

const run = (mIoU: number, mAcc: number, difference?: number): RowResult['ours'] => ({
  mIoU: { value: mIoU, deviation: 0.0125 },
  mAcc: { value: mAcc, deviation: 0.002 },
  aAcc: { value: 0.9, deviation: 0 },
  ...(difference !== undefined && { difference: { value: difference, deviation: 0.001 } }),
  secondsPerImage: 1.234,
  seconds: 123.4,
  runs: [
    {
      seed: 0,
      folder: `runs/${mIoU}`,
      mIoU,
      mAcc,
      aAcc: 0.9,
      mIoU95: [0, 1],
      pictures: { evaluated: 9, skipped: mIoU > 0.6 ? 1 : 0, unnamed: 0 },
      seconds: 123.4,
    },
  ],
  options: {} as never,
  names: 'classes of the ground truth',
});
const row = (number: number, more: Partial<RowResult>): RowResult => ({
  number,
  cells: [`row|${number}`],
  standard: false,
  paper: {},
  ...more,
});

const result: TableResult = {
  name: 'table3',
  title: 'A title',
  columns: ['What'],
  reference: 1,
  rows: [
    row(1, { standard: true, paper: { voc: { mIoU: 63.4, mAcc: 79.2 } }, ours: run(0.65, 0.7)! }),
    row(2, { remark: 'reads 8', paper: { voc: { mIoU: 62.1, mAcc: 80 } }, ours: run(0.5, 0.8, -0.15)! }),
    row(3, { notRun: 'needs --captions-llava', paper: { coco: { mIoU: 36 } } }),
  ],
  notes: ['A note.'],
};
const circumstances: Circumstances = {
  command: 'invseg reproduce table3',
  date: '2026-11-23T05:00:00.000Z',
  version: '0.1.0',
  dataset: { name: 'miniature', protocol: 'folder: masks', split: null, pictures: 300, sample: 10 },
  seeds: [0, 1],
  model: { name: 'miniature', version: '2', weights: 'abc' },
  machine: { cpu: 'A processor', cores: 2, device: 'on the processor', dtype: 'float32', threads: '1 thread' },
  absent: 'nan-mean',
  options: { steps: 3 },
  paper: 'voc',
  orientation: true,
};

it('says what it was measured on', () => {
  const engine = (device: string) => ({ device, deviceName: 'H100', dtype: 'float32', model: {} as never });
  expect(machineOf([engine('cpu')], 2)).toMatchObject({
    device: 'on the processor',
    dtype: 'float32',
    threads: '2 threads',
  });
  expect(machineOf([engine('cpu'), engine('cpu')], 1)).toMatchObject({
    device: '2 engines on the processor',
    threads: '1 thread each',
  });
  expect(machineOf([engine('cuda:0'), engine('cuda:1')], 1).device).toBe('cuda:0 (H100), cuda:1 (H100)');
  expect(machineOf([engine('cpu')], 0).cores).toBeGreaterThan(0);
});

it('writes spreadText and points', () => {
  expect(spreadText({ value: 0.6543, deviation: 0.0125 })).toBe('65.4 ± 1.3');
  expect(spreadText({ value: 0.6543, interval: [0.6, 0.7] })).toBe('65.4 [60.0, 70.0]');
  expect([spreadText({ value: 0.5 }), spreadText({ value: null })]).toEqual(['50.0', '–']);
  expect(points({ value: -0.00123, interval: [-0.01, 0.00001] })).toBe('−0.12 [−1.00, 0.00]');
  expect([points({ value: 0.01 }), points({ value: -0.000001 }), points({ value: null })]).toEqual([
    '+1.00',
    '+0.00',
    '–',
  ]);
});

it('draws a table for the terminal', () => {
  const lines = tableText(result, circumstances).split('\n');
  expect(lines.slice(0, 6)).toEqual([
    'Table 3: A title',
    '',
    '   What         mIoU        mAcc        − row 1  paper mIoU  paper mAcc  s/image',
    '1  row|1  65.0 ± 1.3  70.0 ± 0.2                       63.4        79.2     1.23  the default; 1 image left out',
    '2  row|2  50.0 ± 1.3  80.0 ± 0.2  −15.00 ± 0.10        62.1        80.0     1.23  reads 8',
    '3  row|3                                                  –           –           not run: needs --captions-llava',
  ]);
});

it('writes Markdown with all that made it', () => {
  const text = tableMarkdown(result, circumstances);
  expect(text).toContain(
    '| 1 | row\\|1 | **65.0 ± 1.3** | 70.0 ± 0.2 |  | **63.4** | 79.2 | 1.23 | the default; 1 image left out |',
  );
  expect(text).toContain(
    '| 2 | row\\|2 | 50.0 ± 1.3 | **80.0 ± 0.2** | −15.00 ± 0.10 | 62.1 | **80.0** | 1.23 | reads 8 |',
  );
  for (const part of [
    'paper prints for VOC, for orientation',
    'over 2 seeds',
    "'− row 1' is the mIoU less that of row 1, seed by seed",
    '\n- A note.\n',
    '```\ninvseg reproduce table3\n```',
    '2026-11-23, invseg 0.1.0',
    '10 of 300 images, drawn by each seed',
    'Model miniature 2, weights abc',
    'A processor, 2 cores; on the processor, float32, 1 thread',
    'Under all rows: {"steps":3}',
    '5 min of finding names and segmenting, in 2 runs',
  ])
    expect(text, part).toContain(part);
});

it('bolds nothing that has no rival, and leaves out what is not there', () => {
  const alone = { ...result, rows: [result.rows[0]!, result.rows[2]!] };
  expect(tableMarkdown(alone, circumstances)).not.toContain('**65');
  const plain = tableText(alone, { ...circumstances, paper: null, seeds: [4] });
  expect(plain).not.toMatch(/paper|row 1/);
  expect(plain).toContain('95 % interval over resampled images');
});
