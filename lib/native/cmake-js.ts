/** Finds cmake-js as a dependency of this package, wherever the package manager put it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

export interface CmakeJs {
  /** The script to run with node. */
  script: string;
  version: string;
}

export function cmakeJs(): CmakeJs {
  const manifest = require.resolve('cmake-js/package.json');
  const { bin, version } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    bin: Record<string, string>;
    version: string;
  };
  return { script: path.join(path.dirname(manifest), bin['cmake-js'] as string), version };
}

/** Version of a package that the build uses. */
export function toolVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string };
  return version;
}
