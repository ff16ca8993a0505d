/** By family, such as GLIBC: the highest version, and the symbols that ask for it. */
export type Needs = Record<string, { version: string; symbols: string[] }>;

export function dynamicSymbols(file: string): { name: string; version: string | undefined; defined: boolean }[];
export function systemNeeds(file: string): Needs;
export function exportedSymbols(file: string): string[];
export function differingSymbols(
  first: string,
  second: string,
): { same: string[]; onlyFirst: string[]; onlySecond: string[] };
export function compareVersions(a: string, b: string): number;
