import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';

// A container without fonts: fontconfig reads this when librsvg draws its first text, so it must come before sharp.
const folder = mkdtempSync(path.join(tmpdir(), 'no-fonts-'));
writeFileSync(path.join(folder, 'fonts.conf'), '<?xml version="1.0"?><fontconfig></fontconfig>');
process.env['FONTCONFIG_FILE'] = path.join(folder, 'fonts.conf');
const { textRun } = await import('../../lib/draw/text.js');
afterAll(() => rmSync(folder, { recursive: true }));

const style = { size: 15, colour: '#000' };

it('draws Latin text as paths', async () => {
  expect((await textRun('potted plant 12.5 %', style)).svg).not.toContain('<text');
});

it('spells other scripts out as code points instead of empty boxes', async () => {
  const cat = await textRun('猫', style);
  const spelt = await textRun('U+732B', style);
  expect(cat.svg).not.toContain('<text');
  expect(cat.width).toBeCloseTo(spelt.width);
});
