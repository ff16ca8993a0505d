import { defineConfig } from 'vitest/config';

/** Files that need the addon, a process of the command line, Redis or Chromium; by folder or file below test/. */
const heavy = [
  'api',
  'attacks',
  'bench',
  'cli',
  'doctor',
  'end-to-end',
  'native',
  'package',
  'setup',
  'vision-language',
  'evaluation/redis',
  'diagnose/diagnose.test.ts',
  'diagnose/options.test.ts',
  'diagnose/probe.test.ts',
  'evaluation/full-disk.test.ts',
  'evaluation/kills.test.ts',
  'explain/page.test.ts',
  'explain/real.test.ts',
  'models/code.test.ts',
  'models/export.test.ts',
  'models/watch.test.ts',
  'reproduce/datasets.test.ts',
  'reproduce/models.test.ts',
  'reproduce/reproduce.test.ts',
  'segmenter/pool.test.ts',
  'segmenter/queue.test.ts',
  'system/files.test.ts',
  'system/file-lock.test.ts',
  'public-api.test.ts',
  // They change what the other files of their thread would see.
  'draw/no-fonts.test.ts',
  'names/tagger-memory.test.ts',
  'segmenter/decoding.test.ts',
  'options/one-place.test.ts',
  'methods/one-place.test.ts',
  'datasets/one-place.test.ts',
];
const glob = (place: string): string => (place.endsWith('.ts') ? `test/${place}` : `test/${place}/**/*.test.ts`);
const own = ['golden', 'miniature'];

// Engines and reference processes use several threads each: their files run one after the other.
const serial = { fileParallelism: false, pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000 } as const;

/** The lanes: `vitest run --project unit` and so on; without a name all run. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...heavy, ...own].map(glob),
          pool: 'threads',
          isolate: false,
          // By itself vitest leaves one core idle: half of a machine that has two.
          maxWorkers: '100%',
          testTimeout: 60_000,
        },
      },
      { test: { name: 'addon', include: heavy.map(glob), ...serial } },
      { test: { name: 'golden', include: ['test/golden/**/*.test.ts'], ...serial } },
      { test: { name: 'recipe', include: ['test/miniature/**/*.test.ts'], ...serial } },
    ],
  },
});
