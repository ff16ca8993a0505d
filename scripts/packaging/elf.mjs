/** What a binary asks of the system that loads it, and what it shows to others, as binutils tell. */
import { execFileSync } from 'node:child_process';

/** One line of the table of dynamic symbols: address, flags, section, size, version (in brackets where it is asked for), name. */
const SYMBOL = /^[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+\s+(?:\(?([\w.]+)\)?\s+)?(\S+)$/;

/** @returns {{ name: string, version: string | undefined, defined: boolean }[]} */
export function dynamicSymbols(file) {
  return execFileSync('objdump', ['--dynamic-syms', file], { encoding: 'utf8', maxBuffer: 64e6 })
    .split('\n')
    .flatMap((line) => {
      const [, , section, version, name] = SYMBOL.exec(line) ?? [];
      return name ? [{ name, version, defined: section !== '*UND*' }] : [];
    });
}

/**
 * The highest version of each family of symbols that the binary takes from the system, such as `{ GLIBC: '2.34' }`.
 *
 * @returns {Record<string, { version: string, symbols: string[] }>} and the symbols that ask for it
 */
export function systemNeeds(file) {
  const needs = {};
  for (const { name, version, defined } of dynamicSymbols(file)) {
    const [, family, number] = /^(GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)$/.exec(version ?? '') ?? [];
    if (defined || !family) continue;
    const order = compareVersions(number, needs[family]?.version ?? '0');
    if (order > 0) needs[family] = { version: number, symbols: [name] };
    else if (order === 0) needs[family].symbols.push(name);
  }
  return needs;
}

/** The names that a binary shows to others, sorted. */
export function exportedSymbols(file) {
  return dynamicSymbols(file)
    .filter(({ defined }) => defined)
    .map(({ name }) => name)
    .sort();
}

/**
 * What two binaries show to others, compared.
 *
 * @returns {{ same: string[], onlyFirst: string[], onlySecond: string[] }}
 */
export function differingSymbols(first, second) {
  const [left, right] = [first, second].map((file) => new Set(exportedSymbols(file)));
  return {
    same: [...left].filter((name) => right.has(name)),
    onlyFirst: [...left].filter((name) => !right.has(name)),
    onlySecond: [...right].filter((name) => !left.has(name)),
  };
}

/** Of dotted numbers: below 0 where `a` is the lower. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
