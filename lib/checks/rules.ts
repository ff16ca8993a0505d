/** Small checks that options and the fields of files are made of. A rule reads an unknown value or refuses it. */
import { InvSegError } from '../errors.js';

export interface Rule<T> {
  /** What is accepted, as it stands in an error and in `--help`: "an integer from 0 to 1000". */
  readonly expects: string;
  /** Its values as a type of TypeScript, where an option needs one. */
  readonly type?: string;
  /** @throws {InvSegError} `INVALID_OPTION` */
  read(value: unknown, name: string): T;
}

/** The value as a reader of an error wants it: short, with its type where the value alone would mislead. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'string') return `the string ${shorten(JSON.stringify(value))}`;
  if (Array.isArray(value)) return showList(value);
  // Its keys would be its indices.
  if (ArrayBuffer.isView(value))
    return `a ${Object.prototype.toString.call(value).slice(8, -1)} of ${value.byteLength} bytes`;
  return `an object with keys ${shorten(Object.keys(value).join(', ') || '(none)')}`;
}

/** A short list of numbers and words is told as it is: what is wrong may be their order. */
function showList(list: readonly unknown[]): string {
  const plain = list.length <= 8 && list.every((item) => typeof item === 'number' || typeof item === 'string');
  const items = plain ? list.map((item) => (typeof item === 'string' ? JSON.stringify(item) : String(item))) : [];
  const text = `[${items.join(', ')}]`;
  return plain && text.length <= 60 ? `the list ${text}` : `an array of length ${list.length}`;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

/** What a refusal is made of: a file says it in other words than an option. */
interface Refusal {
  readonly name: string;
  readonly expects: string;
  readonly value: unknown;
}

const refusals = new WeakMap<object, Refusal>();

/** @returns undefined for an error of another kind */
export const refusalOf = (error: unknown): Refusal | undefined => refusals.get(error as object);

/** @throws {InvSegError} `INVALID_OPTION`, always */
export function refuse(name: string, expects: string, value: unknown): never {
  const error = new InvSegError('INVALID_OPTION', `Expected ${expects} for ${name} but received ${show(value)}`);
  refusals.set(error, { name, expects, value });
  throw error;
}

export interface Bounds {
  min?: number;
  max?: number;
  /** Numbers that must be exceeded or not reached. */
  above?: number;
  below?: number;
}

const within = (value: number, { min, max, above, below }: Bounds): boolean =>
  (min === undefined || value >= min) &&
  (max === undefined || value <= max) &&
  (above === undefined || value > above) &&
  (below === undefined || value < below);

function describe(kind: string, { min, max, above, below }: Bounds): string {
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  const parts = [
    min !== undefined && `of at least ${min}`,
    above !== undefined && `above ${above}`,
    max !== undefined && `of at most ${max}`,
    below !== undefined && `below ${below}`,
  ].filter((part) => part !== false);
  return [kind, parts.join(' and ')].filter(Boolean).join(' ');
}

/** A finite number. NaN, infinity and numeric strings are refused. */
export function number(bounds: Bounds = {}): Rule<number> {
  const expects = describe('a number', bounds);
  return {
    expects,
    type: 'number',
    read: (value, name) =>
      typeof value === 'number' && Number.isFinite(value) && within(value, bounds)
        ? value
        : refuse(name, expects, value),
  };
}

export function integer(min: number, max?: number): Rule<number> {
  const expects = describe('an integer', max === undefined ? { min } : { min, max });
  return {
    expects,
    type: 'number',
    read: (value, name) =>
      Number.isSafeInteger(value) && within(value as number, max === undefined ? { min } : { min, max })
        ? (value as number) + 0 // −0 becomes 0
        : refuse(name, expects, value),
  };
}

export const flag: Rule<boolean> = {
  expects: 'true or false',
  type: 'boolean',
  read: (value, name) => (typeof value === 'boolean' ? value : refuse(name, flag.expects, value)),
};

export function oneOf<const T extends string>(...values: readonly T[]): Rule<T> {
  const quoted = values.map((value) => `"${value}"`);
  const expects = quoted.length > 1 ? `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}` : quoted.join('');
  return {
    expects,
    type: values.map((value) => `'${value}'`).join(' | '),
    read: (value, name) => (values.includes(value as T) ? (value as T) : refuse(name, expects, value)),
  };
}

/** A string that satisfies `accepts`. */
export function text(expects: string, accepts: (value: string) => boolean): Rule<string> {
  return {
    expects,
    type: 'string',
    read: (value, name) => (typeof value === 'string' && accepts(value) ? value : refuse(name, expects, value)),
  };
}

/** A string of at least one character. */
export const someText = text('a text', (value) => value !== '');

/** A path below the folder of the file that names it: no drive, no way up. */
export const pathBelow = text(
  'a path below the folder, with / between its parts,',
  (value) => value !== '' && !/[\\\0]|^([a-z]:|\/)/i.test(value) && !value.split('/').includes('..'),
);

/** Two strings, such as a name and the one that stands for it. */
export const textPair: Rule<[string, string]> = {
  expects: 'two texts',
  read(value, name) {
    if (!Array.isArray(value) || value.length !== 2) refuse(name, textPair.expects, value);
    return [someText.read(value[0], `${name}[0]`), someText.read(value[1], `${name}[1]`)];
  },
};

/** Two values in ascending order. */
export function range(rule: Rule<number>): Rule<readonly [number, number]> {
  const expects = `[low, high], each ${rule.expects}, low ≤ high`;
  return {
    expects,
    type: 'readonly [number, number]',
    read(value, name) {
      if (!Array.isArray(value) || value.length !== 2) refuse(name, expects, value);
      const low = rule.read(value[0], `${name}[0]`);
      const high = rule.read(value[1], `${name}[1]`);
      if (low > high) refuse(name, expects, [low, high]);
      return [low, high];
    },
  };
}

/** The first rule that accepts the value. */
export function either<A, B>(first: Rule<A>, second: Rule<B>): Rule<A | B> {
  const expects = `${first.expects}, or ${second.expects}`;
  return {
    expects,
    ...(first.type && second.type && { type: `${first.type} | ${second.type}` }),
    read(value, name) {
      for (const rule of [first, second]) {
        try {
          return rule.read(value, name);
        } catch {
          // the joint message below names both
        }
      }
      return refuse(name, expects, value);
    },
  };
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** @throws {InvSegError} `INVALID_OPTION` unless it is an object of named values */
export function record(value: unknown, name: string, expects: string): Record<string, unknown> {
  return isPlainObject(value) ? value : refuse(name, expects, value);
}

/** A path or a name that becomes one; whether something is there is found out later. */
export const pathText = text('a path', (value) => value !== '');

/** By its shape: the caller's AbortSignal may come from another realm or a polyfill. */
export function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
