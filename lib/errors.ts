/**
 * Errors of this package: one class, a stable `code`, and a first line a user can act on.
 */

/** What can go wrong; the codes never change their meaning. */
const codes = [
  // set-up
  'LIBTORCH_NOT_FOUND',
  'ADDON_NOT_BUILT',
  'ADDON_LOAD_FAILED',
  'TOOL_MISSING',
  'SETUP_FAILED',
  'DOWNLOAD_FAILED',
  'WHEEL_INVALID',
  // options and names
  'INVALID_OPTION',
  'INVALID_CATEGORIES',
  'TOO_MANY_CATEGORIES',
  'NAME_TOO_LONG',
  // pictures
  'IMAGE_NOT_FOUND',
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'IMAGE_INVALID',
  // files of names: vocabularies, captions, lists of an image's names
  'NAMES_NOT_FOUND',
  'NAMES_INVALID',
  // data sets
  'DATASET_NOT_FOUND',
  'DATASET_INVALID',
  'MASK_NOT_FOUND',
  'MASK_INVALID',
  // models
  'MODEL_NOT_FOUND',
  'MANIFEST_INVALID',
  'MODEL_UNSUPPORTED',
  'CODE_UNTRUSTED',
  'WEIGHTS_NOT_FOUND',
  'WEIGHTS_PICKLE',
  'WEIGHTS_INVALID',
  'WEIGHTS_MISMATCH',
  'WEIGHTS_NOT_FINITE',
  'WEIGHTS_CHANGED',
  'TOKENIZER_INVALID',
  // running
  'DEVICE_UNAVAILABLE',
  'OUT_OF_MEMORY',
  'SHAPE_MISMATCH',
  'DISPOSED',
  'ABORTED',
  'NOT_FINITE',
  'OUTPUT_FAILED',
  // several processes and hosts
  'WORKER_LOST',
  'QUEUE_FAILED',
  'INTERNAL',
] as const;

/**
 * What went wrong, for programs. A code never changes its meaning.
 *
 * - Set-up: `LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`, `ADDON_LOAD_FAILED`, `TOOL_MISSING`, `SETUP_FAILED`,
 *   `DOWNLOAD_FAILED`, `WHEEL_INVALID`.
 * - Options and names of a call: `INVALID_OPTION`, `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`, `NAME_TOO_LONG`.
 * - Images: `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`, `IMAGE_INVALID`.
 * - Files of names: `NAMES_NOT_FOUND`, `NAMES_INVALID`.
 * - Data sets: `DATASET_NOT_FOUND`, `DATASET_INVALID`, `MASK_NOT_FOUND`, `MASK_INVALID`.
 * - Models: `MODEL_NOT_FOUND`, `MANIFEST_INVALID`, `MODEL_UNSUPPORTED`, `CODE_UNTRUSTED`, `WEIGHTS_NOT_FOUND`,
 * `WEIGHTS_PICKLE`,
 *   `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`, `WEIGHTS_NOT_FINITE`, `WEIGHTS_CHANGED`, `TOKENIZER_INVALID`.
 * - While running: `DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`, `SHAPE_MISMATCH`, `DISPOSED`, `ABORTED`, `NOT_FINITE`,
 * `OUTPUT_FAILED`.
 * - Several processes and hosts: `WORKER_LOST`, `QUEUE_FAILED`.
 * - A fault of this package: `INTERNAL`.
 *
 * @useDeclaredType
 */
export type ErrorCode = (typeof codes)[number];

/** For what comes from another process or host. */
export const isErrorCode = (value: unknown): value is ErrorCode => codes.includes(value as ErrorCode);

/**
 * An error with a stable `code`. The first line of `message` says what was expected, what came, and what to do.
 *
 * Its `name` is `InvSegError`, but `AbortError` with the code `ABORTED`: what Node's own functions call it when a
 * signal ends them, so that one test serves both.
 *
 * @example
 * ```ts
 * import { decodeImage, InvSegError } from 'invseg-native';
 *
 * try {
 *   await decodeImage('no-such-file.jpg');
 * } catch (error) {
 *   if (!(error instanceof InvSegError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
 *   console.log(error.message);
 * }
 * ```
 */
export class InvSegError extends Error {
  /** What went wrong. */
  readonly code: ErrorCode;

  /**
   * Makes an error, such as one that a source of names of one's own throws.
   *
   * @param code what went wrong
   * @param message what was expected, what came, and what to do; its first line stands alone
   * @param options `cause`, the error behind this one
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code === 'ABORTED' ? 'AbortError' : 'InvSegError';
    this.code = code;
  }

  /**
   * The error as plain data, since `JSON.stringify` leaves an error's message out.
   *
   * @returns name, code and message
   * @example
   * ```ts
   * import { InvSegError } from 'invseg-native';
   *
   * console.log(JSON.stringify(new InvSegError('INVALID_OPTION', 'Expected a name')));
   * ```
   */
  toJSON(): {
    /** `InvSegError` or `AbortError`. */
    name: string;
    /** What went wrong. */
    code: ErrorCode;
    /** All lines. */
    message: string;
  } {
    return { name: this.name, code: this.code, message: this.message };
  }
}
