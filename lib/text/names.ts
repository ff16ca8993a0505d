/** Category names as users write them: checked, cleaned, the background last. */

import { type ErrorCode, InvSegError } from '../errors.js';

/** Labels are bytes, and 255 stays free for "ignore", as segmentation data sets use it. */
export const MAX_CATEGORIES = 255;
/** Longest name that is looked at, in UTF-16 units; a prompt holds far less. */
export const MAX_NAME_LENGTH = 1000;
export const BACKGROUND = 'background';

/**
 * Checks names and returns the final list, the background last.
 *
 * Names are trimmed and brought to NFC; case is kept (the tokenizer lowers it). Any script is fine: the tokenizer falls
 * back to bytes. The background is appended; where the caller names it, it moves to the end and is not doubled. Called
 * otherwise than `background` it has to stand there already: it may be a category by mistake.
 *
 * @param input a list, or one string with commas between the names
 * @param background name of the background category; `null` where a method has none
 * @throws InvSegError `INVALID_CATEGORIES` or `TOO_MANY_CATEGORIES`; the first line names the culprit.
 */
export function parseCategories(input: unknown, background: string | null = BACKGROUND): string[] {
  const raw: unknown = typeof input === 'string' ? input.split(',') : input;
  if (!Array.isArray(raw)) {
    throw invalid(`Expected a list of names, or one string with commas, for categories but received ${describe(raw)}`);
  }
  if (raw.length === 0 || (typeof input === 'string' && input.trim() === '')) {
    throw invalid('Expected at least one name for categories but received none');
  }
  // Before the names are looked at one by one, so that a wrong list of a million strings is refused at once.
  if (raw.length > MAX_CATEGORIES) throw tooMany(raw.length, background !== null);

  const last = background === null ? undefined : cleanName(background, 'the background');
  const names: string[] = [];
  const keys = new Map<string, number>();
  raw.forEach((value: unknown, i) => {
    const name = cleanName(value, `category ${i + 1}`);
    const key = foldName(name);
    const earlier = keys.get(key);
    if (earlier !== undefined) {
      throw invalid(
        `Expected different names for categories but categories ${earlier} and ${i + 1} are both ${quote(name)}` +
          (raw[earlier - 1] === value
            ? ''
            : ` (written ${quote(String(raw[earlier - 1]))} and ${quote(String(value))})`),
      );
    }
    keys.set(key, i + 1);
    if (last === undefined || key !== foldName(last)) names.push(name);
    else if (key !== BACKGROUND && i < raw.length - 1) {
      throw invalid(
        `Expected a background (background.name) that is none of the categories but both are ${quote(name)}; ` +
          'rename one, or name the background last',
      );
    }
  });
  if (names.length === 0) {
    throw invalid(
      `Expected at least one name besides ${quote(last ?? '')} for categories; the background is added by itself`,
    );
  }
  if (names.length + Number(last !== undefined) > MAX_CATEGORIES) throw tooMany(names.length, last !== undefined);
  if (last !== undefined) names.push(last);
  return names;
}

/** What two names are compared by: they would make the same tokens. */
export function foldName(name: string): string {
  return name.replace(/\p{White_Space}+/gu, ' ').toLowerCase();
}

/**
 * One name, trimmed and brought to NFC.
 *
 * @param which what the error calls it
 * @throws InvSegError `INVALID_CATEGORIES`
 */
export function cleanName(value: unknown, which: string): string {
  if (typeof value !== 'string') throw invalid(`Expected a string for ${which} but received ${describe(value)}`);
  if (value.length > MAX_NAME_LENGTH) {
    throw invalid(
      `Expected at most ${MAX_NAME_LENGTH} characters for ${which} but received ${value.length}: ${quote(value)}`,
    );
  }
  const name = value.normalize('NFC').replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
  if (name === '')
    throw invalid(`Expected a name for ${which} but received ${value === '' ? 'an empty string' : 'white space only'}`);
  const bad = /[\p{Cc}\p{Cs}]/u.exec(name);
  if (bad) {
    const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    throw invalid(`Expected text without control characters for ${which} but ${quote(name)} has U+${code}`);
  }
  // Zero-width characters join emoji and Indic letters, but alone they show nothing.
  if (/^[\p{Cf}\p{White_Space}]+$/u.test(name)) {
    throw invalid(`Expected a name for ${which} but ${quote(name)} has invisible characters only`);
  }
  return name;
}

/** A name in quotes, escaped and cut to a line's length. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return `an object of type ${Object.prototype.toString.call(value).slice(8, -1)}`;
  return `${String(value).slice(0, 60)} of type ${typeof value}`;
}

/** The background is not among those that are counted: nobody wrote it. */
function tooMany(count: number, background: boolean): InvSegError {
  const most = background ? `${MAX_CATEGORIES - 1} names besides the background` : `${MAX_CATEGORIES} names`;
  return fail('TOO_MANY_CATEGORIES', `Expected at most ${most} for categories but received ${count}`);
}

function invalid(message: string): InvSegError {
  return fail('INVALID_CATEGORIES', message);
}

function fail(code: ErrorCode, message: string): InvSegError {
  return new InvSegError(code, message);
}
