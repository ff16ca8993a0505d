/** package-lock.json, which `npm ci` takes at its word. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, readManifest } from './install.js';

interface Entry {
  version: string;
  engines?: { node?: string };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const semver = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string): boolean;
  minVersion(range: string): { version: string };
};
const lock = JSON.parse(readFileSync(path.join(checkout, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>;
};
const entries = Object.entries(lock.packages);

/** As Node looks for `name` from `folder`: in each node_modules up to the root. */
function locate(name: string, folder: string): Entry | undefined {
  for (let from = folder; ; from = from.slice(0, Math.max(0, from.lastIndexOf('node_modules/') - 1))) {
    const found = lock.packages[`${from === '' ? '' : `${from}/`}node_modules/${name}`];
    if (found || from === '') return found;
  }
}

describe('the lock file', () => {
  it('holds every package that one of its packages wants, also those of other platforms', () => {
    const missing = entries.flatMap(([folder, { dependencies, devDependencies, optionalDependencies }]) =>
      Object.entries({ ...dependencies, ...(folder === '' && devDependencies), ...optionalDependencies })
        .filter(([name, range]) => {
          const wanted = range.startsWith('npm:') ? range.slice(range.lastIndexOf('@') + 1) : range;
          return !semver.satisfies(locate(name, folder)?.version ?? '0.0.0', wanted);
        })
        .map(([name, range]) => `${folder} wants ${name} ${range}`),
    );
    expect(missing).toEqual([]);
  });

  it('is that of the manifest', () => {
    const { dependencies, devDependencies } = readManifest(checkout);
    expect(lock.packages['']).toMatchObject({ dependencies, devDependencies });
  });

  it('holds no package that wants a newer Node than this one does', () => {
    const { node } = (lock.packages[''] as Required<Entry>).engines;
    const oldest = semver.minVersion(node as string).version;
    const demanding = entries.filter(([, { engines }]) => engines?.node && !semver.satisfies(oldest, engines.node));
    expect(demanding.map(([folder, { engines }]) => `${folder} ${engines?.node}`)).toEqual([]);
  });
});
