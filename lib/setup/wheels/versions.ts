/** Versions and specifiers of Python packages (PEP 440), as far as final releases need them. */

/** @returns the numbers of a final release and its local label; undefined for pre-releases and what is no version */
export function parseVersion(text: string): { release: number[]; local: string | undefined } | undefined {
  const found = /^v?(\d+(?:\.\d+)*)(?:\.post(\d+))?(?:\+([a-z0-9]+(?:[.\-_][a-z0-9]+)*))?$/i.exec(text.trim());
  if (!found) return undefined;
  const release = found[1]!.split('.').map(Number);
  return { release: found[2] === undefined ? release : [...release, Number(found[2])], local: found[3]?.toLowerCase() };
}

/** Order of two final releases, a local label aside; missing numbers are zero. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a)?.release ?? [], parseVersion(b)?.release ?? []];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/**
 * @param specifier such as `==13.0.3`, `==13.1.1.3.*` or `<14,>=13.0.88`; empty allows every final release
 * @returns whether `version` does; false for pre-releases and for operators that are not known
 */
export function satisfies(version: string, specifier: string): boolean {
  const parsed = parseVersion(version);
  if (!parsed) return false;
  const clauses = specifier.split(',').map((clause) => clause.trim());
  return clauses.filter(Boolean).every((clause) => {
    const found = /^(===?|!=|<=|>=|<|>|~=)\s*(\S+)$/.exec(clause);
    if (!found) return false;
    const [, operator, wanted] = found as unknown as [string, string, string];
    const order = compareVersions(version, wanted);
    if (operator === '==' || operator === '===') return equals(parsed, version, wanted);
    if (operator === '!=') return !equals(parsed, version, wanted);
    if (operator === '<=') return order <= 0;
    if (operator === '>=') return order >= 0;
    if (operator === '<') return order < 0;
    if (operator === '>') return order > 0;
    return order >= 0 && hasPrefix(parsed.release, wanted.split('.').slice(0, -1).map(Number));
  });
}

function equals({ release, local }: { release: number[]; local: string | undefined }, version: string, wanted: string) {
  if (wanted.endsWith('.*')) return hasPrefix(release, wanted.slice(0, -2).split('.').map(Number));
  const label = parseVersion(wanted)?.local;
  return compareVersions(version, wanted) === 0 && (label === undefined || label === local);
}

const hasPrefix = (release: readonly number[], prefix: readonly number[]): boolean =>
  prefix.every((number, i) => (release[i] ?? 0) === number);
