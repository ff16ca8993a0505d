import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Wheel } from '../../../lib/setup/wheels/unpack.js';
import { temporaryFolder } from '../fakes.js';
import { type Member, torchFiles, wheel, zip } from './make-wheel.js';

let folder: string;
let target: string;
beforeEach(() => {
  folder = temporaryFolder();
  target = path.join(folder, 'target');
});

function file(bytes: Buffer): string {
  const at = path.join(folder, 'given.whl');
  writeFileSync(at, bytes);
  return at;
}

async function unpack(bytes: Buffer, chosen: (name: string) => boolean = () => true): Promise<number> {
  const opened = await Wheel.open(file(bytes));
  try {
    return await opened.extract(
      (name) => !name.endsWith('RECORD') && chosen(name),
      target,
      () => {},
    );
  } finally {
    opened.close();
  }
}

/** Files outside of the target's folder would be beside it. */
const written = (): string[] =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name !== 'given.whl');

it('writes the files that were chosen, and says how far it is', async () => {
  const opened = await Wheel.open(file(wheel(torchFiles())));
  const steps: [number, number | undefined][] = [];
  const chosen = (name: string): boolean => name.startsWith('torch/lib/');
  const count = await opened.extract(chosen, target, (...step) => steps.push(step));
  expect(count).toBe(2);
  expect(readFileSync(path.join(target, 'torch', 'lib', 'libtorch_python.so'), 'utf8')).toBe('of Python');
  expect(existsSync(path.join(target, 'torch', 'nn'))).toBe(false);
  expect(steps.at(-1)).toEqual([opened.size(chosen), opened.size(chosen)]);
  expect(await opened.info('METADATA')).toContain('Version: 2.13.0+cpu');
  expect(await opened.info('entry_points.txt')).toBeUndefined();
  opened.close();
});

it('takes names with commas and spaces as RECORD quotes them', async () => {
  await unpack(wheel([{ name: 'torch/a, b.txt', data: 'x' }]));
  expect(readFileSync(path.join(target, 'torch', 'a, b.txt'), 'utf8')).toBe('x');
});

describe('refuses, and writes nothing', () => {
  const bad: [string, () => Buffer, RegExp][] = [
    ['what is no archive', () => Buffer.from('<html>Not found</html>'), /end of central directory record/i],
    ['an archive that was cut off', () => wheel(torchFiles()).subarray(0, 900), /end of central directory record/i],
    ['a name that leads out of the folder', () => zip([{ name: '../evil', data: 'x' }]), /invalid relative path/],
    ['one that does so in the middle', () => zip([{ name: 'torch/../../evil', data: 'x' }]), /invalid relative path/],
    ['an absolute name', () => zip([{ name: '/tmp/evil', data: 'x' }]), /absolute path/],
    ["a name with Windows' separators", () => zip([{ name: '..\\evil', data: 'x' }]), /invalid characters/],
    ['an empty part of a name', () => zip([{ name: 'torch//x', data: 'x' }]), /a file of the name "torch\/\/x"/],
    ['a symbolic link', () => zip([{ name: 'torch/lib', data: '/etc', mode: 0o120777 }]), /torch\/lib is a link/],
    ['a device', () => zip([{ name: 'torch/lib', data: '', mode: 0o060600 }]), /special file/],
    ['an encrypted file', () => zip([{ name: 'torch/x', data: 'x', encrypted: true }]), /encrypted/],
    [
      'two files of one name',
      () =>
        zip([
          { name: 'a', data: 'x' },
          { name: 'a', data: 'y' },
        ]),
      /two files of the name a/,
    ],
    [
      'files that share their bytes',
      () => {
        const data = Buffer.alloc(1e5);
        const many: Member[] = Array.from({ length: 50 }, (_, i) => ({
          name: `f${i}`,
          data,
          ...(i > 0 && { sharesWith: 0 }),
        }));
        return zip(many);
      },
      /overlap/,
    ],
    [
      'more than any wheel has',
      () => zip([0, 1, 2].map((i) => ({ name: `f${i}`, data: 'x', declaredSize: 0xfffffff0 }))),
      /unpacked it has \d+ bytes/,
    ],
  ];
  it.each(bad)('%s', async (_, make, why) => {
    const error = (await unpack(make()).catch((reason: unknown) => reason)) as { code: string; message: string };
    expect(error).toMatchObject({ code: 'WHEEL_INVALID', message: expect.stringMatching(why) });
    expect(error.message).toContain('--wheel');
    expect(error.message).not.toContain('.. Fetch');
    expect(written()).toEqual([]);
  });
});

describe('refuses a file that is not as its tables say', () => {
  it('larger than declared: a bomb ends where its size was to be', async () => {
    const bytes = wheel([{ name: 'torch/bomb', data: Buffer.alloc(5e6), declaredSize: 1000 }]);
    await expect(unpack(bytes)).rejects.toMatchObject({
      code: 'WHEEL_INVALID',
      message: expect.stringContaining('torch/bomb'),
    });
    expect(readFileSync(path.join(target, 'torch', 'bomb')).length).toBeLessThanOrEqual(1000);
  });

  it.each([
    [
      'changed',
      (rows: string[]) => rows.map((row) => row.replace(/sha256=..../, 'sha256=AAAA')),
      /is not the file that its RECORD names/,
    ],
    ['not in RECORD', () => [], /has no SHA-256 in its RECORD/],
    ['without a hash', (rows: string[]) => rows.map((row) => row.replace(/,sha256=[^,]*/, ',')), /has no SHA-256/],
    [
      'with a hash that is none today',
      (rows: string[]) => rows.map((row) => row.replace('sha256=', 'md5=')),
      /has no SHA-256/,
    ],
  ])('%s', async (_, record, why) => {
    await expect(unpack(wheel(torchFiles(), { record }))).rejects.toMatchObject({
      code: 'WHEEL_INVALID',
      message: expect.stringMatching(why),
    });
  });

  it('without RECORD', async () => {
    await expect(unpack(zip(torchFiles()))).rejects.toThrow('it has no RECORD of its files');
  });
});

it('never writes over a file that is there', async () => {
  await unpack(wheel(torchFiles()));
  await expect(unpack(wheel(torchFiles()))).rejects.toMatchObject({
    code: 'SETUP_FAILED',
    message: expect.stringContaining('EEXIST'),
  });
});

it('stops where it is told to', async () => {
  const stop = new AbortController();
  const opened = await Wheel.open(file(wheel(torchFiles())));
  const running = opened.extract(
    (name) => name.startsWith('torch/'),
    target,
    () => stop.abort(),
    stop.signal,
  );
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  opened.close();
});
