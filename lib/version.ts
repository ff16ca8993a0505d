/** Version of this package. */
import { readFileSync } from 'node:fs';

let version: string | undefined;

export function packageVersion(): string {
  // The same step up from lib and from dist.
  version ??= (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
  return version;
}
