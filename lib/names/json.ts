/** Files of names. */
import { createHash } from 'node:crypto';
import type { Field } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, parseField, readText } from '../system/index.js';

/**
 * @param what it should hold, for the error
 * @throws {InvSegError} `NAMES_NOT_FOUND` for a file that cannot be read, `NAMES_INVALID` for what is no UTF-8 or no JSON
 */
export async function readJson(file: string, what: string): Promise<Field> {
  let text: string;
  try {
    text = await readText(file, LIMITS.names);
  } catch (cause) {
    const { code, message } = cause as FileError;
    if (code === 'EILSEQ') throw new InvSegError('NAMES_INVALID', `${file}: ${message}`, { cause });
    throw new InvSegError('NAMES_NOT_FOUND', `${file}: ${message}; expected ${what}`, { cause });
  }
  return parseJson(text, file);
}

/** @throws {InvSegError} `NAMES_INVALID` for what is no JSON */
export const parseJson = (text: string, file: string): Field => parseField(text, file, 'NAMES_INVALID');

/** Eight digits that another text of the file does not have. */
export const digestOf = ({ source }: Field): string =>
  createHash('sha256')
    .update(source.text ?? '')
    .digest('hex')
    .slice(0, 8);
