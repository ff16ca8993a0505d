/**
 * A process of its own that loads the addon, or segments a bundled picture: what ends it, a foreign library for
 * instance, is a finding and no end of the doctor. Answers with one line of JSON on standard output.
 *
 *     node probe.js load
 *     node probe.js self-test
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { loadBinding, PACKAGE_ROOT } from '../native/index.js';
import { Segmenter } from '../segmenter/index.js';

export interface Loaded {
  torch: string;
  cudaBuild: boolean;
  cudaDevices: number;
  threads: number;
  /** Of the dynamic linker, for libraries that exist and could not be mapped. */
  unmapped: string[];
}

export interface Tested {
  picture: string;
  /** Names of the picture, and the share of it that each was given. */
  shares: Record<string, number>;
  /** From opening to the mask. */
  seconds: number;
}

export type Answer = { loaded: Loaded } | { tested: Tested } | { code: string; message: string };

function load(): Loaded {
  // This process is the one that may crash.
  const { binding, warnings } = loadBinding({ apart: false });
  const { torch, cudaBuild, cudaDevices, threads } = binding.info();
  return { torch, cudaBuild, cudaDevices, threads, unmapped: warnings };
}

async function selfTest(): Promise<Tested> {
  const folder = path.join(PACKAGE_ROOT, 'models', 'miniature', 'pictures');
  const listed = JSON.parse(readFileSync(path.join(folder, 'pictures.json'), 'utf8')) as Record<
    string,
    { categories: string[] }
  >;
  const [[picture, { categories }]] = Object.entries(listed) as [[string, { categories: string[] }]];
  const began = performance.now();
  const segmenter = await Segmenter.open({ device: 'cpu' });
  try {
    const { segments } = await segmenter.segment(path.join(folder, picture), { categories, method: 'baseline' });
    const shares = Object.fromEntries(segments.map(({ label, share }) => [label, Math.round(share * 1000) / 1000]));
    return { picture, shares, seconds: Math.round(performance.now() - began) / 1000 };
  } finally {
    await segmenter.dispose();
  }
}

async function answer(): Promise<Answer> {
  try {
    return process.argv[2] === 'load' ? { loaded: load() } : { tested: await selfTest() };
  } catch (error) {
    return { code: error instanceof InvSegError ? error.code : 'INTERNAL', message: (error as Error).message };
  }
}

process.stdout.write(`${JSON.stringify(await answer())}\n`);
