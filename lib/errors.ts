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

export type ErrorCode = (typeof codes)[number];

/** For what comes from another process or host. */
export const isErrorCode = (value: unknown): value is ErrorCode => codes.includes(value as ErrorCode);

/**
 * An error with a stable `code`. The first line of `message` says what was expected, what came, and what to do.
 *
 * Its `name` is `InvSegError`, but `AbortError` with the code `ABORTED`: what Node's own functions call it when a signal ends
 * them, so that one test serves both.
 */
export class InvSegError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code === 'ABORTED' ? 'AbortError' : 'InvSegError';
    this.code = code;
  }

  /** `JSON.stringify` leaves an error's message out. */
  toJSON(): { name: string; code: ErrorCode; message: string } {
    return { name: this.name, code: this.code, message: this.message };
  }
}
