/** A value of a file and where it stands: rules read it, or refuse it with a message that names the place. */
import { type ErrorCode, InvSegError } from '../errors.js';
import type { Path } from './position.js';
import { positionOf } from './position.js';
import type { Rule } from './rules.js';
import { isPlainObject, refusalOf } from './rules.js';
import { unknownKey } from './unknown.js';

/** What a field belongs to. */
export interface Source {
  readonly file: string;
  /** Of the errors. */
  readonly code: ErrorCode;
  /** The text that was parsed; with it an error names line and column. */
  readonly text?: string;
}

export class Field {
  constructor(
    readonly value: unknown,
    readonly source: Source,
    readonly path: Path = [],
  ) {}

  get present(): boolean {
    return this.value !== undefined;
  }

  get isList(): boolean {
    return Array.isArray(this.value);
  }

  get isRecord(): boolean {
    return isPlainObject(this.value);
  }

  /** `classes[3].prompt`; empty at the top. */
  get place(): string {
    const parts = this.path.map((step) =>
      /^[a-z]\w*$/i.test(String(step)) ? `.${step}` : `[${JSON.stringify(step)}]`,
    );
    return parts.join('').replace(/^\./, '');
  }

  /** @throws {InvSegError} always, with file and position in front */
  error(message: string, cause?: unknown): never {
    const { file, code, text } = this.source;
    const position = text === undefined ? file : positionOf(file, text, this.path);
    throw new InvSegError(code, `${position}: ${message}`, cause === undefined ? undefined : { cause });
  }

  /** @throws {InvSegError} always: what was expected, where, and what is there */
  expected(what: string, place = this.place, value = this.value): never {
    const seen = value === undefined ? 'nothing' : JSON.stringify(value);
    const cut = seen.length > 80 ? `${seen.slice(0, 77)}...` : seen;
    return this.error(`expected ${what}${place && ` at ${place}`} but found ${cut}`);
  }

  /** The value as a rule of options reads it. */
  read<T>(rule: Rule<T>): T {
    try {
      return rule.read(this.value, this.place);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal) this.expected(refusal.expects, refusal.name, refusal.value);
      throw error;
    }
  }

  /** What another check makes of the value; its refusal gets the position in front. */
  check<T>(read: (value: unknown, place: string) => T): T {
    try {
      return read(this.value, this.place);
    } catch (error) {
      if (error instanceof InvSegError) this.error(error.message.replace(/^E/, 'e'), error);
      throw error;
    }
  }

  at(key: string): Field {
    const record = this.record();
    return this.#inner(Object.hasOwn(record, key) ? record[key] : undefined, key);
  }

  record(what = 'an object'): Record<string, unknown> {
    return isPlainObject(this.value) ? this.value : this.expected(what);
  }

  entries(what?: string): [string, Field][] {
    return Object.entries(this.record(what)).map(([key, value]) => [key, this.#inner(value, key)]);
  }

  list(what = 'a list'): Field[] {
    return Array.isArray(this.value) ? this.value.map((value, i) => this.#inner(value, i)) : this.expected(what);
  }

  /** The items of a list that may be left out. */
  items(): Field[] {
    return this.present ? this.list() : [];
  }

  text(what = 'a text'): string {
    return typeof this.value === 'string' ? this.value : this.expected(what);
  }

  /** Refuses keys that are not in `known`: a misspelt one would be dropped silently. */
  only(known: readonly string[]): void {
    const found = unknownKey(this.record(), known);
    if (found) this.at(found.key).error(`unknown key ${JSON.stringify(found.key)}; ${found.hint}`);
  }

  /** For a warning where an error would be too much; undefined where all keys are known. */
  unknownKeys(known: readonly string[]): string | undefined {
    const found = unknownKey(this.record(), known);
    return found && `unknown key ${JSON.stringify(found.key)}, which is not read; ${found.hint}`;
  }

  #inner(value: unknown, step: string | number): Field {
    return new Field(value, this.source, [...this.path, step]);
  }
}
