/** Names of result files that do not collide. */
import path from 'node:path';
import { shortStem } from '../system/index.js';

/**
 * A stem for every picture, in the same order: its name without the ending, or, where two would be the same, with it, or the path
 * below the common folder; at most some 200 bytes. Compared without case, for file systems that do not tell.
 */
export function outputStems(images: readonly string[]): string[] {
  const stem = (file: string): string => path.basename(file, path.extname(file));
  const folders = images.map((file) => path.dirname(path.resolve(file)).split(path.sep));
  const common = folders.reduce((a, b) => a.slice(0, firstDifference(a, b)), folders[0] ?? []);
  const below = (file: string): string => path.resolve(file).split(path.sep).slice(common.length).join('__');

  const names = [stem, (file: string) => path.basename(file), below];
  const candidates = names.map((name) => (file: string) => shortStem(name(file)));
  const taken = new Map<string, number>();
  const chosen = new Array<string | undefined>(images.length).fill(undefined);
  for (const name of candidates) {
    const open = images.map((file, i) => (chosen[i] === undefined ? name(file).toLowerCase() : undefined));
    images.forEach((file, i) => {
      const key = open[i];
      if (key === undefined || taken.has(key) || open.filter((other) => other === key).length > 1) return;
      taken.set(key, i);
      chosen[i] = name(file);
    });
  }
  // Left are names that differ in case only, or a folder whose name looks like another picture's path.
  return chosen.map((name, i) => name ?? unused(shortStem(below(images[i]!)), taken, i));
}

function unused(name: string, taken: Map<string, number>, index: number): string {
  for (let n = 2; ; n++) {
    const candidate = `${name}-${n}`;
    if (taken.has(candidate.toLowerCase())) continue;
    taken.set(candidate.toLowerCase(), index);
    return candidate;
  }
}

function firstDifference(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? a.length : at;
}
