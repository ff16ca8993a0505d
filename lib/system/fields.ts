/** Files of JSON as fields, whose errors name file, line and column. */
import { Field, notJson } from '../checks/index.js';
import type { ErrorCode } from '../errors.js';
import { InvSegError } from '../errors.js';
import type { FileError } from './files.js';
import { readText } from './files.js';
import { parseJson } from './json.js';

/** @throws {InvSegError} `code` for what is not JSON */
export function parseField(text: string, file: string, code: ErrorCode): Field {
  try {
    return new Field(parseJson(text), { file, code, text });
  } catch (cause) {
    throw new InvSegError(code, notJson(file, text, cause as Error), { cause });
  }
}

/**
 * @param missing the code where there is no such file
 * @throws {InvSegError} `code` for what cannot be read or is not JSON
 */
export async function readField(file: string, limit: number, code: ErrorCode, missing = code): Promise<Field> {
  const field = await optionalField(file, limit, code);
  if (field) return field;
  throw new InvSegError(missing, `${file}: there is no such file`);
}

/** The same, but undefined where there is no such file. */
export async function optionalField(file: string, limit: number, code: ErrorCode): Promise<Field | undefined> {
  let text: string;
  try {
    text = await readText(file, limit);
  } catch (cause) {
    const { missing, message } = cause as FileError;
    if (missing) return undefined;
    throw new InvSegError(code, `${file}: ${message}`, { cause });
  }
  return parseField(text, file, code);
}
