/** The whole diagnosis on the model in the package and three pictures. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiagnoseOptions, Diagnosis } from '../../lib/api/explain.js';
import { chooseVariants, diagnose, diagnosisMarkdown, drawDiagnosis } from '../../lib/api/explain.js';
import type { Dataset } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { Segmenter } from '../../lib/index.js';
import { makeFolder } from './folder.js';

const root = mkdtempSync(path.join(tmpdir(), 'invseg-diagnose-'));
const journal = path.join(root, 'journal.jsonl');
let segmenter: Segmenter;
let dataset: Dataset;
let options: DiagnoseOptions;
let first: Diagnosis;

beforeAll(async () => {
  makeFolder(root, 3);
  segmenter = await Segmenter.open({ device: 'cpu' });
  dataset = await openDataset({ kind: 'folder', root });
  const variants = await chooseVariants('default,anchor scale 16', segmenter.info.model.resolutions);
  options = {
    dataset,
    sample: 3,
    variants,
    options: { steps: 2 },
    journal,
    identity: { weights: 'of the test', manifest: 'm', code: 'c', tokenizer: 't' },
  };
  first = await diagnose(segmenter, options);
});
afterAll(async () => {
  await segmenter.dispose();
  rmSync(root, { recursive: true });
});

describe('diagnose', () => {
  it('compares the losses of what is true and what is seen', () => {
    const { losses, variants, rowEntropy } = first;
    expect(losses.truth.total).toBeLessThan(losses['shifted truth'].total);
    expect(losses.hard.entropy).toBeCloseTo(0, 4);
    expect(losses.soft.entropy).toBeGreaterThan(0);
    for (const { loss } of variants)
      expect(loss!.truthBelowHard.value * 3).toBeCloseTo(Math.round(loss!.truthBelowHard.value * 3));
    expect(variants[0]!.loss).not.toEqual(variants[1]!.loss);
    expect(Object.keys(rowEntropy).map(Number)).toEqual(expect.arrayContaining(segmenter.info.model.resolutions));
    for (const { value } of Object.values(rowEntropy)) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  });

  it('scores the masks with and without the loop', () => {
    for (const { masks } of first.variants) {
      expect(masks!.baseline).toBeGreaterThan(0.2); // far above an empty mask
      expect(masks!.mIoU.value - masks!.baseline).toBeCloseTo(masks!.difference.value, 6);
      expect(masks!.fall.value).toBeGreaterThan(0);
    }
    // The anchors are the loop's alone.
    expect(first.variants[0]!.masks!.baseline).toBe(first.variants[1]!.masks!.baseline);
  });

  it('goes on from its journal without computing anything again', async () => {
    const lines = readFileSync(journal, 'utf8');
    appendFileSync(journal, '{"id":"torn'); // a process that was killed while it wrote
    let worked = 0;
    const again = await diagnose(segmenter, { ...options, onProgress: () => worked++ });
    expect(worked).toBe(0);
    expect(again).toEqual(first);
    expect(readFileSync(journal, 'utf8')).toBe(lines);
  });

  it('refuses a journal of other settings and shows the difference', async () => {
    await expect(diagnose(segmenter, { ...options, seed: 9 })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('seed: 0 there, 9 now'),
    });
  });

  it('refuses a name that stood for other options', async () => {
    const variants = [
      ...options.variants!.slice(0, 1),
      { name: 'anchor scale 16', overrides: { loss: { anchorScale: 2 } } },
    ];
    const lines = readFileSync(journal, 'utf8');
    await expect(diagnose(segmenter, { ...options, variants })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/"anchor scale 16" with other options.*\n {2}loss.anchorScale: 16 there, 2 now/),
    });
    expect(readFileSync(journal, 'utf8')).toBe(lines);
  });

  it('ends at once when it is aborted', async () => {
    const ending = new AbortController();
    const running = diagnose(segmenter, {
      ...options,
      journal: undefined,
      signal: ending.signal,
      onProgress: () => ending.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('leaves pictures without a class out and says so', async () => {
    const empty = mkdtempSync(path.join(tmpdir(), 'invseg-empty-'));
    makeFolder(empty, 2);
    await sharp({ create: { width: 128, height: 128, channels: 3, background: '#000' } })
      .toColourspace('b-w')
      .png()
      .toFile(path.join(empty, 'masks', '0000.png'));
    const found = await diagnose(segmenter, {
      ...options,
      dataset: await openDataset({ kind: 'folder', root: empty }),
      journal: undefined,
      inversion: false,
    });
    expect(found.ids).toEqual(['0001']);
    expect(found.left).toEqual([{ id: '0000', reason: expect.stringContaining('background') }]);
    rmSync(empty, { recursive: true });
  });

  it('is told in tables and a picture', async () => {
    const text = diagnosisMarkdown(first);
    expect(text).toMatch(/The truth scores lower than the hard prediction in \d+ % \[\d+, \d+\] of the images/);
    expect(text.match(/^\| anchor scale 16 \|/gm)).toHaveLength(2);
    const { width, height, format } = await sharp(await drawDiagnosis(first)).metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThan(600);
    expect(height).toBeGreaterThan(150);
  });
});
