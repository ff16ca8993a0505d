import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { readManifest } from '../../lib/models/index.js';
import { loadVocabulary } from '../../lib/names/index.js';
import { MAX_DEPTH, parseJson } from '../../lib/system/json.js';
import { checkManifest } from '../models/model-folders.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-json-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

it('gives what JSON.parse gives', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => void expect(parseJson(text)).toEqual(JSON.parse(text))));
  expect(parseJson('{"a\\\\":"[[[{","b":["\\""]}')).toEqual({ 'a\\': '[[[{', b: ['"'] });
});

it('refuses what JSON.parse refuses, with its words', () => {
  for (const text of ['', '{', '[1,]', '"', '"\\', '{"a":}', 'nothing'])
    expect(() => parseJson(text)).toThrow(SyntaxError);
});

it('refuses what is nested deeper than the limit, and only that', () => {
  expect(parseJson(nested(MAX_DEPTH))).toBeInstanceOf(Array);
  expect(() => parseJson(nested(MAX_DEPTH + 1))).toThrow(/nested deeper than 64 levels/);
  expect(() => parseJson('{"a":'.repeat(1e6))).toThrow(/nested deeper/);
  expect(parseJson(`[${'[],'.repeat(1000)}[]]`)).toHaveLength(1001);
});

it('is what files are read with: a deep one is an error that names the file', async () => {
  const file = path.join(folder, 'deep.json');
  writeFileSync(file, nested(200_000));
  await expect(readManifest(file)).rejects.toMatchObject({
    code: 'MANIFEST_INVALID',
    message: expect.stringContaining('nested deeper'),
  });
  await expect(loadVocabulary(file)).rejects.toMatchObject({
    code: 'NAMES_INVALID',
    message: expect.stringContaining('nested deeper'),
  });
  expect(() => checkManifest(JSON.parse('{"format":{"a":1}}'), file)).toThrow(/at format/);
});
