import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { readHeader } from '../../lib/models/safetensors.js';
import { makeSafetensors, makeTensors } from './safetensors-file.js';

let folder: string;
const at = (name: string): string => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'invseg-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: Buffer): ReturnType<typeof readHeader> {
  await writeFile(at('x.safetensors'), content);
  return readHeader(at('x.safetensors'));
}
const entry = (from: number, to: number, shape = [(to - from) / 2], dtype = 'F16'): object => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe('right files', () => {
  it('give names, dtypes, shapes and absolute byte ranges in the order of the data', async () => {
    const header = { b: entry(12, 20), 'a.weight': entry(0, 12, [2, 3]), __metadata__: { format: 'pt' } };
    const content = makeSafetensors(header, 20);
    const start = content.length - 20;
    expect(await read(content)).toEqual({
      file: at('x.safetensors'),
      bytes: content.length,
      metadata: { format: 'pt' },
      tensors: [
        { name: 'a.weight', dtype: 'F16', shape: [2, 3], begin: start, end: start + 12 },
        { name: 'b', dtype: 'F16', shape: [4], begin: start + 12, end: start + 20 },
      ],
    });
  });

  it('may have scalars, empty tensors, spaces after the header, no tensor at all, odd names', async () => {
    const header = {
      scalar: entry(0, 2, []),
      empty: entry(2, 2, [0, 5]),
      __proto__x: entry(2, 4),
      'a"b\\': entry(4, 6),
    };
    expect((await read(makeSafetensors(`${JSON.stringify(header)}   `, 6))).tensors).toHaveLength(4);
    expect((await read(makeSafetensors('{}', 0))).tensors).toEqual([]);
    expect(
      (await read(makeSafetensors('{"__proto__":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', 2))).tensors[0]!
        .name,
    ).toBe('__proto__');
  });

  it('of many gigabytes take milliseconds', async () => {
    const header = Object.fromEntries(
      Array.from({ length: 700 }, (_, i) => [`layer.${i}.weight`, entry(i * 8e6, (i + 1) * 8e6, [2000, 2000])]),
    );
    const content = makeSafetensors(header, 0);
    await writeFile(at('large.safetensors'), content);
    await truncate(at('large.safetensors'), content.length + 700 * 8e6);
    expect((await readHeader(at('large.safetensors'))).tensors).toHaveLength(700);
  });
});

describe('refused files', () => {
  const one = (fields: object, bytes = 4): Buffer =>
    makeSafetensors({ 'a.weight': { dtype: 'F16', shape: [2], data_offsets: [0, 4], ...fields } }, bytes);
  const cases: [string, Buffer, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /it has 0 bytes/],
    ['seven bytes', Buffer.alloc(7), /it has 7 bytes/],
    [
      'an absurd header length',
      Buffer.concat([Buffer.alloc(8, 0xff), Buffer.alloc(50)]),
      /not safetensors: a header of 18446744073709551615/,
    ],
    ['a header length over the limit', Buffer.from('01e1f50500000000', 'hex'), /a header of 100000001 bytes/],
    [
      'a header beyond the file',
      makeSafetensors('{}', 0).subarray(0, 9),
      /truncated: the header has 2 bytes, the file 9/,
    ],
    ['no JSON', makeSafetensors('{"a":', 0), /not valid JSON/],
    ['no UTF-8', makeSafetensors('{}', 0).fill(0xff, 8), /not valid JSON/],
    ['an empty header', makeSafetensors('', 4), /not valid JSON/],
    ['a list', makeSafetensors('[]', 0), /not a JSON object/],
    ['a leading space', makeSafetensors(' {}', 0), /not a JSON object/],
    ['null', makeSafetensors('null', 0), /not a JSON object/],
    ['metadata that is no object', makeSafetensors('{"__metadata__":[1]}', 0), /__metadata__/],
    ['metadata that is no text', makeSafetensors('{"__metadata__":{"a":1}}', 0), /__metadata__/],
    ['an entry that is no object', makeSafetensors('{"a.weight":5}', 0), /tensor "a\.weight" is not described/],
    ['an unknown dtype', one({ dtype: 'F4' }), /tensor "a\.weight" has the unknown dtype "F4"/],
    ['a dtype of Object', one({ dtype: 'constructor' }), /unknown dtype "constructor"/],
    ['no dtype', one({ dtype: undefined }), /unknown dtype undefined/],
    ['no shape', one({ shape: undefined }), /tensor "a\.weight" has the shape undefined/],
    ['a negative shape', one({ shape: [-2] }), /shape \[-2\]/],
    ['a fraction', one({ shape: [1.5] }), /shape \[1\.5\]/],
    ['a shape that overflows', one({ shape: [2 ** 40, 2 ** 40] }), /has 4 bytes; F16 of shape/],
    ['three offsets', one({ data_offsets: [0, 4, 8] }), /data_offsets \[0,4,8\]/],
    ['offsets that are texts', one({ data_offsets: ['0', '4'] }), /data_offsets/],
    ['negative offsets', one({ data_offsets: [-4, 0] }), /data_offsets/],
    ['offsets turned round', one({ data_offsets: [4, 0] }), /tensor "a\.weight" ends \(0\) before it begins \(4\)/],
    [
      'offsets that do not fit the shape',
      one({ data_offsets: [0, 6] }, 6),
      /tensor "a\.weight" has 6 bytes; F16 of shape \[2\] takes 4/,
    ],
    ['a truncated file', one({}, 3), /tensor "a\.weight" ends at byte \d+, but the file has \d+: it is truncated/],
    ['bytes after the last tensor', one({}, 5), /1 bytes after tensor "a\.weight" belong to no tensor/],
    ['bytes and no tensor', makeSafetensors('{}', 5), /5 bytes after the header/],
    ['a hole at the start', makeSafetensors({ a: entry(2, 4) }, 4), /2 bytes before tensor "a"/],
    ['a hole', makeSafetensors({ a: entry(0, 2), b: entry(6, 8) }, 8), /4 bytes before tensor "b"/],
    ['an overlap', makeSafetensors({ a: entry(0, 4), b: entry(2, 6) }, 6), /tensor "b" overlaps tensor "a"/],
    ['the same range twice', makeSafetensors({ a: entry(0, 4), b: entry(0, 4) }, 4), /tensor "b" overlaps tensor "a"/],
    [
      'a name twice',
      makeSafetensors(`{"a":${JSON.stringify(entry(0, 2))},"a":${JSON.stringify(entry(0, 2))}}`, 2),
      /tensor "a" is listed twice/,
    ],
    [
      'a name twice, once escaped',
      makeSafetensors(`{"a":${JSON.stringify(entry(0, 2))}, "\\u0061" :${JSON.stringify(entry(0, 2))}}`, 2),
      /tensor "a" is listed twice/,
    ],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'),
      /Git LFS pointer/,
    ],
  ];
  it.each(cases)('%s', async (_, content, message) => {
    const error = await read(content).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code: 'WEIGHTS_INVALID' });
    const line = (error as InvSegError).message.split('\n')[0]!;
    expect(line).toMatch(message);
    expect(line).toContain(at('x.safetensors'));
  });

  it('a missing file, a folder, a PyTorch file', async () => {
    await expect(readHeader(at('none.safetensors'))).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FOUND' });
    await expect(readHeader(folder)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
    for (const start of ['PK\x03\x04', '\x80\x02']) {
      await expect(read(Buffer.from(start.padEnd(64), 'latin1'))).rejects.toMatchObject({ code: 'WEIGHTS_PICKLE' });
    }
  });

  it('every damaged byte and every cut gives a header or an InvSegError', async () => {
    const whole = makeTensors({ 'a.weight': [2, 3], 'b.bias': [4], c: [] }, 'F32', { format: 'pt' });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255))),
        async (cut, hits) => {
          const content = Buffer.from(whole);
          for (const [where, value] of hits) content[where] = value;
          await read(content.subarray(0, cut)).catch((error: unknown) => expect(error).toBeInstanceOf(InvSegError));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('any JSON as the header gives a header or an InvSegError', async () => {
    const odd = fc.record(
      { dtype: fc.constantFrom('F16', 'X'), shape: fc.anything(), data_offsets: fc.anything() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.oneof(odd, fc.jsonValue())), fc.nat(40), async (header, bytes) => {
        const json = JSON.stringify(header, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
        await read(makeSafetensors(json, bytes)).catch((error: unknown) => expect(error).toBeInstanceOf(InvSegError));
      }),
      { numRuns: 300 },
    );
  });
});
