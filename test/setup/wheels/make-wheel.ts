/** Wheels as archives of bytes, so that each of their tables can be wrong on purpose. */
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

export interface Member {
  name: string;
  data: string | Buffer;
  /** Unix mode in the central directory; a regular file by default. */
  mode?: number;
  /** What the tables say instead of the truth. */
  declaredSize?: number;
  /** Points at the packed bytes of an earlier member, as a bomb does. */
  sharesWith?: number;
  encrypted?: boolean;
}

export function zip(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const member of members) {
    const data = Buffer.from(member.data);
    const packed = deflateRawSync(data);
    const name = Buffer.from(member.name);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    head.writeUInt16LE(0x800 | (member.encrypted ? 1 : 0), 6);
    head.writeUInt16LE(8, 8);
    head.writeUInt32LE(crc32(data), 14);
    head.writeUInt32LE(packed.length, 18);
    head.writeUInt32LE(member.declaredSize ?? data.length, 22);
    head.writeUInt16LE(name.length, 26);
    const shared = member.sharesWith === undefined ? undefined : offsets[member.sharesWith];
    const offset = shared ?? at;
    offsets.push(offset);
    if (shared === undefined) {
      parts.push(head, name, packed);
      at += head.length + name.length + packed.length;
    }
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE((3 << 8) | 20, 4);
    head.copy(entry, 6, 4, 30);
    entry.writeUInt32LE((((member.mode ?? 0o100644) << 16) >>> 0) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    central.push(entry, name);
  }
  const table = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, table, end]);
}

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const recordRow = ({ name, data }: Member): string => {
  const hash = createHash('sha256').update(data).digest('base64url');
  return `${name.includes(',') ? `"${name}"` : name},sha256=${hash},${Buffer.byteLength(data)}`;
};

export interface WheelOf {
  name?: string;
  version?: string;
  requires?: readonly string[];
  /** What RECORD says in place of the truth, by a file's name. */
  record?: (rows: string[]) => string[];
}

/** A wheel of these files, with METADATA and RECORD. */
export function wheel(
  files: readonly Member[],
  { name = 'torch', version = '2.13.0+cpu', requires = [], record }: WheelOf = {},
) {
  const info = `${name.replaceAll('-', '_')}-${version}.dist-info`;
  const metadata = [
    'Metadata-Version: 2.4',
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
    '',
    'Requires-Dist: what-the-description-says',
  ].join('\n');
  const all: Member[] = [...files, { name: `${info}/METADATA`, data: metadata }];
  const rows = all.map(recordRow);
  const text = `${(record?.(rows) ?? rows).join('\n')}\n${info}/RECORD,,\n`;
  return zip([...all, { name: `${info}/RECORD`, data: text }]);
}

const LIBRARY = process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so';

/** What the set-up looks at in a wheel of torch, and some files that it leaves. */
export function torchFiles(version = '2.13.0+cpu', more: readonly Member[] = []): Member[] {
  return [
    { name: 'torch/version.py', data: `__version__ = '${version}'\n` },
    { name: `torch/lib/${LIBRARY}`, data: 'library '.repeat(4000) },
    { name: 'torch/lib/libtorch_python.so', data: 'of Python' },
    { name: 'torch/include/torch/script.h', data: '#pragma once\n' },
    { name: 'torch/nn/functional.py', data: 'def relu(): ...\n' },
    ...more,
  ];
}

/** The name of a wheel of torch for this machine. */
export function torchName(version = '2.13.0+cpu', python = 'cp312'): string {
  const arch = process.arch === 'x64' ? 'x86_64' : process.platform === 'darwin' ? 'arm64' : 'aarch64';
  const platform = process.platform === 'darwin' ? `macosx_11_0_${arch}` : `manylinux_2_28_${arch}`;
  return `torch-${version}-${python}-${python}-${platform}.whl`;
}
