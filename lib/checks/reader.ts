/** A cursor over parsed JSON that knows its path, so that an error names the field. */

import { type ErrorCode, InvSegError } from '../errors.js';

export class JsonReader {
  /**
   * @param value what is here
   * @param file for messages
   * @param path such as `modules.unet.script`; empty at the top
   * @param code of the errors
   */
  constructor(
    readonly value: unknown,
    readonly file: string,
    readonly path = '',
    readonly code: ErrorCode = 'MANIFEST_INVALID',
  ) {}

  get present(): boolean {
    return this.value !== undefined;
  }

  fail(expected: string): never {
    const seen = this.value === undefined ? 'nothing' : JSON.stringify(this.value).slice(0, 80);
    throw new InvSegError(
      this.code,
      `${this.file}: expected ${expected} at ${this.path || 'the top'} but found ${seen}`,
    );
  }

  /** The field `key` of an object. */
  at(key: string): JsonReader {
    const record = this.record();
    const value = Object.hasOwn(record, key) ? record[key] : undefined;
    return new JsonReader(value, this.file, this.path ? `${this.path}.${key}` : key, this.code);
  }

  record(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.fail('an object');
    return this.value as Record<string, unknown>;
  }

  entries(): [string, JsonReader][] {
    return Object.keys(this.record()).map((key) => [key, this.at(key)]);
  }

  list(): JsonReader[] {
    if (!Array.isArray(this.value)) this.fail('a list');
    return this.value.map((item: unknown, i) => new JsonReader(item, this.file, `${this.path}[${i}]`, this.code));
  }

  text(): string {
    if (typeof this.value !== 'string' || this.value === '') this.fail('a text');
    return this.value;
  }

  /** A path below the folder of the file: no drive, no way up. */
  relativePath(): string {
    const path = this.text();
    if (path.includes('\\') || path.includes('\0') || /^([a-z]:|\/)/i.test(path) || path.split('/').includes('..')) {
      this.fail('a path below the folder, with / between its parts,');
    }
    return path;
  }

  integer(min: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.value;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      this.fail(max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`);
    }
    return value;
  }

  /** A finite number above 0, or from 0 on. */
  number(zero = false): number {
    const value = this.value;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || (value === 0 && !zero)) {
      this.fail(zero ? 'a number of at least 0' : 'a number above 0');
    }
    return value;
  }
}
