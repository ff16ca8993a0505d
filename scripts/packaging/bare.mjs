/** A machine with Node and nothing to compile with: the folder that is its whole PATH. */
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** What every Linux has, and what the start scripts of the package managers call; no compiler, make, CMake, Python or git. */
const SYSTEM = ['sh', 'sed', 'dirname', 'basename', 'uname', 'readlink', 'cat'];

/**
 * @param {string} folder to be made
 * @param {string} node the Node of that machine
 * @returns {string} the PATH
 */
export function barePath(folder, node = process.execPath) {
  mkdirSync(folder, { recursive: true });
  symlinkSync(node, path.join(folder, 'node'));
  for (const name of [...SYSTEM, 'npm', 'npx']) symlinkSync(which(name), path.join(folder, name));
  return folder;
}

function which(name) {
  const found = process.env.PATH.split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
  if (!found) throw new Error(`${name} is not on the PATH`);
  return realpathSync(found);
}
