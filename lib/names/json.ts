/** JSON files of names: a cursor that knows its place, so that an error names file, line and column. */
import { createHash } from 'node:crypto';
import type { AnyNode, ValueNode } from '@humanwhocodes/momoa';
import { parse } from '@humanwhocodes/momoa';
import { nearest } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, parseJson as parseBounded, readText } from '../system/index.js';

interface Source {
  file: string;
  text: string;
}

/**
 * Reads a whole file. `JSON.parse` does the work; the positions are looked up when an error needs them, for a parser that
 * keeps them takes many times as long, and lists of names have megabytes.
 * @throws {InvSegError} `NAMES_NOT_FOUND` for a file that cannot be read, `NAMES_INVALID` for what is no JSON
 */
export async function readJson(file: string, what: string): Promise<JsonCursor> {
  let text: string;
  try {
    text = (await readText(file, LIMITS.names)).replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new InvSegError('NAMES_NOT_FOUND', `${file}: ${(cause as FileError).message}; expected ${what}`, { cause });
  }
  return parseJson(text, file);
}

/** @throws {InvSegError} `NAMES_INVALID` for what is no JSON */
export function parseJson(text: string, file: string): JsonCursor {
  try {
    return new JsonCursor(parseBounded(text), { file, text }, []);
  } catch (cause) {
    throw new InvSegError('NAMES_INVALID', notJson(file, text, cause as Error), { cause });
  }
}

function notJson(file: string, text: string, cause: Error): string {
  try {
    // Its parser calls itself for every level.
    if (!cause.message.includes('nested')) parse(text, { mode: 'json' });
  } catch (error) {
    const { line, column, message } = error as Error & { line?: number; column?: number };
    if (line !== undefined) return `${file}:${line}:${column}: it is not JSON: ${message.replace(/ \(\d+:\d+\)$/, '')}`;
  }
  return `${file}: it is not JSON: ${cause.message}`;
}

export class JsonCursor {
  constructor(
    readonly value: unknown,
    readonly source: Source,
    readonly path: readonly (string | number)[],
  ) {}

  get present(): boolean {
    return this.value !== undefined;
  }

  get isList(): boolean {
    return Array.isArray(this.value);
  }

  get isRecord(): boolean {
    return typeof this.value === 'object' && this.value !== null && !this.isList;
  }

  /** Eight digits that another text of the file does not have. */
  get digest(): string {
    return createHash('sha256').update(this.source.text).digest('hex').slice(0, 8);
  }

  /** `classes[3].prompt`; empty at the top. */
  get place(): string {
    const parts = this.path.map((step) =>
      /^[a-z]\w*$/i.test(String(step)) ? `.${step}` : `[${JSON.stringify(step)}]`,
    );
    return parts.join('').replace(/^\./, '');
  }

  /** `file:line:column` of the value, or of the nearest thing around it that is there. */
  get position(): string {
    const { file, text } = this.source;
    const { line, column } = find(parse(text, { mode: 'json' }).body, this.path).loc.start;
    return `${file}:${line}:${column}`;
  }

  /** @throws {InvSegError} always, with the position in front */
  error(message: string): never {
    throw new InvSegError('NAMES_INVALID', `${this.position}: ${message}`);
  }

  expected(what: string): never {
    const seen = this.present ? JSON.stringify(this.value) : 'nothing';
    const cut = seen.length > 80 ? `${seen.slice(0, 77)}...` : seen;
    return this.error(`expected ${what}${this.place && ` at ${this.place}`} but found ${cut}`);
  }

  at(key: string): JsonCursor {
    const record = this.record();
    return this.#inner(Object.hasOwn(record, key) ? record[key] : undefined, key);
  }

  record(what = 'an object'): Record<string, unknown> {
    if (!this.isRecord) this.expected(what);
    return this.value as Record<string, unknown>;
  }

  entries(what?: string): [string, JsonCursor][] {
    return Object.entries(this.record(what)).map(([key, value]) => [key, this.#inner(value, key)]);
  }

  list(what = 'a list'): JsonCursor[] {
    if (!this.isList) this.expected(what);
    return (this.value as unknown[]).map((value, i) => this.#inner(value, i));
  }

  text(what = 'a text'): string {
    if (typeof this.value !== 'string') this.expected(what);
    return this.value as string;
  }

  /** Refuses keys that are not in `known`: a misspelt one would be dropped silently. */
  only(known: readonly string[]): this {
    for (const [key, inner] of this.entries()) {
      if (known.includes(key)) continue;
      const guess = nearest(key, known);
      inner.error(
        `unknown key ${JSON.stringify(key)}; ${guess === undefined ? `known are ${known.join(', ')}` : `did you mean ${guess}?`}`,
      );
    }
    return this;
  }

  #inner(value: unknown, step: string | number): JsonCursor {
    return new JsonCursor(value, this.source, [...this.path, step]);
  }
}

/** Where a key is written twice, the last one counts, as for `JSON.parse`. */
function find(node: ValueNode, path: readonly (string | number)[]): AnyNode {
  let at = node;
  for (const step of path) {
    const inner =
      at.type === 'Object'
        ? at.members.findLast(({ name }) => (name.type === 'String' ? name.value : name.name) === step)?.value
        : at.type === 'Array'
          ? at.elements[step as number]?.value
          : undefined;
    if (inner === undefined) return at;
    at = inner;
  }
  return at;
}
