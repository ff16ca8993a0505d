/** A module's tensors: which files hold them, and what the module calls them. */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pathBelow } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { TensorSource } from '../native/index.js';
import { LIMITS, readField } from '../system/index.js';
import type { WeightsManifest, WeightsSearch } from './manifest.js';
import { pickleError } from './pickle.js';
import { readHeader, type TensorHeader } from './safetensors.js';

export interface WeightFile {
  path: string;
  bytes: number;
}

export interface ModuleWeights {
  files: WeightFile[];
  tensors: TensorSource[];
}

const NO_SEARCH: WeightsSearch = { files: [], index: [], include: [], ignore: [], rename: [] };

/**
 * Finds the weights of one module and reads their headers. Names and shapes are compared with the module by the engine.
 *
 * @param folder what the paths of `weights` are relative to
 * @throws InvSegError `WEIGHTS_NOT_FOUND` naming what was looked for; `WEIGHTS_PICKLE` where only files that can run
 * code are there; `WEIGHTS_INVALID` for a broken file, a shard without a tensor of the index, or a dtype that is not
 * F32, F16 or BF16.
 */
export async function findWeights(folder: string, weights: WeightsManifest): Promise<ModuleWeights> {
  const search = typeof weights === 'string' ? { ...NO_SEARCH, files: [weights] } : weights;
  const file = await firstFile(folder, search.files);
  if (file !== undefined) {
    const header = await readHeader(file);
    return { files: [{ path: file, bytes: header.bytes }], tensors: toSources(file, header.tensors, search) };
  }
  const index = await firstFile(folder, search.index);
  if (index !== undefined) return readShards(index, search);
  // Only where the user names the folder: a bundle's own has TorchScript, which also ends with .pt.
  const pickle =
    typeof weights === 'string' ? undefined : await pickleError(path.dirname(path.join(folder, search.files[0]!)));
  if (pickle) throw pickle;
  for (const name of search.files) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found)
      throw new InvSegError(
        'WEIGHTS_INVALID',
        `${file}: it is ${found.isDirectory() ? 'a folder' : 'something else'}, not a file`,
      );
  }
  const wanted = [...search.files, ...search.index].map((name) => `  ${path.join(folder, name)}`);
  throw new InvSegError(
    'WEIGHTS_NOT_FOUND',
    `${path.join(folder, search.files[0]!)}: there is no such file` +
      (wanted.length > 1 ? `\nAny of these would do:\n${wanted.join('\n')}` : ''),
  );
}

async function readShards(index: string, search: WeightsSearch): Promise<ModuleWeights> {
  const shards = await readIndex(index);
  const files: WeightFile[] = [];
  const sources: TensorSource[] = [];
  const holders = new Map<string, string>();
  for (const [shard, names] of shards) {
    const file = path.join(path.dirname(index), shard);
    if (!(await isFile(file))) {
      throw new InvSegError('WEIGHTS_NOT_FOUND', `${file}: this shard is missing; ${path.basename(index)} lists it`);
    }
    const header = await readHeader(file);
    for (const { name } of header.tensors) {
      const other = holders.get(name);
      if (other !== undefined) {
        throw new InvSegError(
          'WEIGHTS_INVALID',
          `${file}: tensor ${JSON.stringify(name)} is in ${other} too; which one counts?`,
        );
      }
      holders.set(name, shard);
    }
    const held = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
    const listed = names.map((name) => {
      const tensor = held.get(name);
      if (tensor) return tensor;
      throw new InvSegError(
        'WEIGHTS_INVALID',
        `${file}: tensor ${JSON.stringify(name)} is not in this shard, though ${path.basename(index)} says so`,
      );
    });
    files.push({ path: file, bytes: header.bytes });
    sources.push(...toSources(file, listed, search));
  }
  checkNames(index, sources);
  return { files, tensors: sources };
}

/** Shard → names of its tensors, shards sorted. */
async function readIndex(index: string): Promise<[string, string[]][]> {
  const top = await readField(index, LIMITS.list, 'WEIGHTS_INVALID');
  const shards = new Map<string, string[]>();
  for (const [name, shard] of top.at('weight_map').entries()) {
    const file = shard.read(pathBelow);
    if (!file.endsWith('.safetensors')) shard.expected('the name of a .safetensors file');
    const names = shards.get(file);
    if (names) names.push(name);
    else shards.set(file, [name]);
  }
  return [...shards].sort(([a], [b]) => (a < b ? -1 : 1));
}

function toSources(file: string, tensors: readonly TensorHeader[], search: WeightsSearch): TensorSource[] {
  const { include, ignore, rename } = search;
  const sources: TensorSource[] = [];
  for (const tensor of tensors) {
    const prefix = rename.find(([from]) => tensor.name.startsWith(from));
    const name = prefix ? prefix[1] + tensor.name.slice(prefix[0].length) : tensor.name;
    if (ignore.includes(name) || (include.length > 0 && !include.some((start) => name.startsWith(start)))) continue;
    const { dtype, shape, begin, end } = tensor;
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
      throw new InvSegError(
        'WEIGHTS_INVALID',
        `${file}: tensor ${JSON.stringify(tensor.name)} is ${dtype}; weights are F32, F16 or BF16`,
      );
    }
    sources.push({ name, file, dtype, shape, begin, end });
  }
  checkNames(file, sources);
  return sources;
}

/** Two spellings of one parameter. */
export function checkNames(file: string, sources: readonly TensorSource[]): void {
  const seen = new Set<string>();
  for (const { name } of sources) {
    if (seen.has(name)) {
      throw new InvSegError('WEIGHTS_INVALID', `${file}: tensor ${JSON.stringify(name)} is there in two spellings`);
    }
    seen.add(name);
  }
}

async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const file = path.join(folder, name);
    if (await isFile(file)) return file;
  }
  return undefined;
}

export async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
