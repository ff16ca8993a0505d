/** Requirements in a wheel's METADATA (PEP 508), as far as those of LibTorch's CUDA libraries need them. */
import { normalise, type WheelHost } from './wheel-name.js';

export interface Requirement {
  name: string;
  extras: string[];
  specifier: string;
  /** Empty where it always holds. */
  marker: string;
}

/** The lines `Requires-Dist` of a METADATA file. */
export function requirementsOf(metadata: string): Requirement[] {
  const [headers = ''] = metadata.split(/\r?\n\r?\n/, 1);
  return [...headers.matchAll(/^Requires-Dist:\s*(.+?)\s*$/gm)].flatMap(([, text]) => parseRequirement(text!) ?? []);
}

export function parseRequirement(text: string): Requirement | undefined {
  const found = /^([\w.-]+)\s*(?:\[([^\]]*)\])?\s*(?:\(([^)]*)\)|([^;@]*?))\s*(?:;\s*(.*))?$/.exec(text);
  if (!found) return undefined;
  const [, name, extras = '', bracketed, bare = '', marker = ''] = found;
  return {
    name: normalise(name!),
    extras: extras
      .split(',')
      .map((extra) => extra.trim())
      .filter(Boolean),
    specifier: (bracketed ?? bare).trim(),
    marker: marker.trim(),
  };
}

/** What a marker may ask for. */
export function markerVariables(host: WheelHost, python: string): Record<string, string> {
  const machine = { x64: 'x86_64', arm64: host.platform === 'darwin' ? 'arm64' : 'aarch64' }[host.arch] ?? host.arch;
  return {
    platform_system: host.platform === 'darwin' ? 'Darwin' : 'Linux',
    sys_platform: host.platform,
    os_name: 'posix',
    platform_machine: machine,
    implementation_name: 'cpython',
    platform_python_implementation: 'CPython',
    python_version: python,
    python_full_version: `${python}.0`,
  };
}

/**
 * Whether a marker holds: comparisons joined by `and`, `or` and brackets.
 *
 * @param extras that are wanted; each comparison with `extra` holds for one of them
 * @throws {SyntaxError} a marker that is none
 */
export function holds(marker: string, variables: Readonly<Record<string, string>>, extras: readonly string[]): boolean {
  if (marker === '') return true;
  const tokens = marker.match(/"[^"]*"|'[^']*'|[()]|[<>=!~]=?=?|[\w.]+/g) ?? [];
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`a marker that is not understood: ${marker}`);
  };
  const either = (): boolean => {
    let value = both();
    while (tokens[at] === 'or') {
      at++;
      value = both() || value;
    }
    return value;
  };
  const both = (): boolean => {
    let value = one();
    while (tokens[at] === 'and') {
      at++;
      value = one() && value;
    }
    return value;
  };
  const one = (): boolean => {
    if (tokens[at] === '(') {
      at++;
      const value = either();
      return tokens[at++] === ')' ? value : fail();
    }
    const [left, operator, right] = [tokens[at++], tokens[at++], tokens[at++]];
    if (left === undefined || operator === undefined || right === undefined) return fail();
    return comparison(left, operator, right) ?? fail();
  };
  const comparison = (left: string, operator: string, right: string): boolean | undefined => {
    if (left === 'extra') return extras.some((extra) => compare(extra, operator, literal(right) ?? ''));
    const value = literal(left) ?? variables[left];
    const other = literal(right) ?? variables[right];
    return value === undefined || other === undefined ? undefined : compare(value, operator, other);
  };
  const value = either();
  return at === tokens.length ? value : fail();
}

const literal = (token: string): string | undefined => (/^["']/.test(token) ? token.slice(1, -1) : undefined);

function compare(left: string, operator: string, right: string): boolean | undefined {
  if (operator === '==' || operator === '===') return left === right;
  if (operator === '!=') return left !== right;
  const numbers = (text: string): number[] => text.split('.').map(Number);
  const [a, b] = [numbers(left), numbers(right)];
  let order = 0;
  for (let i = 0; i < Math.max(a.length, b.length) && order === 0; i++) order = (a[i] ?? 0) - (b[i] ?? 0);
  if (Number.isNaN(order)) return undefined;
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator];
}
