/** The codes of the C++ core are those of the package: none of them becomes INTERNAL on its way. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { toInvSegError } from '../../lib/native/errors.js';
import { ROOT } from '../golden/reference.js';

const sources = ['core', 'addon'].flatMap((part) => {
  const folder = path.join(ROOT, 'native', part);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(cc|h)$/.test(file));
  return files.map((file) => readFileSync(path.join(folder, file), 'utf8'));
});
const codes = [
  ...new Set(sources.flatMap((text) => [...text.matchAll(/\bError\(\s*"([A-Z_]+)"/g)].map((match) => match[1]!))),
];

it('finds them', () =>
  expect(codes).toEqual(expect.arrayContaining(['INVALID_OPTION', 'WEIGHTS_INVALID', 'DISPOSED'])));

it.each(codes)('%s stays what it is', (code) => {
  expect(toInvSegError(Object.assign(new Error('x'), { code }))).toMatchObject({ name: 'InvSegError', code });
});
