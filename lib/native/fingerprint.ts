/** What a build depends on, besides LibTorch. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cmakeJs, toolVersion } from './cmake-js.js';

/** Folders of the addon's sources; the C++ tests are not part of it. */
const SOURCES = ['native/addon', 'native/core', 'native/shim'];

/** Hash of the native sources, the CMake file, the platform and the versions of what builds them. */
export function fingerprint(root: string): string {
  const hash = createHash('sha256');
  const tools = `cmake-js ${cmakeJs().version} node-addon-api ${toolVersion('node-addon-api')}`;
  hash.update(`${process.platform} ${process.arch} ${tools}\n`);
  for (const file of ['CMakeLists.txt', 'native/sources.txt', ...SOURCES.flatMap((folder) => filesOf(root, folder))]) {
    hash.update(`${file}\n`).update(readFileSync(path.join(root, file)));
  }
  return hash.digest('hex');
}

function filesOf(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? filesOf(root, file) : [file];
    })
    .sort();
}
