/** Errors as a command shows them, and the exit code they lead to. */

import { show } from '../../checks/index.js';
import type { ErrorCode } from '../../errors.js';
import { InvSegError } from '../../errors.js';

export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Codes that the same command line would meet with every picture. */
const usageCodes: ReadonlySet<ErrorCode> = new Set([
  'INVALID_OPTION',
  'INVALID_CATEGORIES',
  'TOO_MANY_CATEGORIES',
  'NAME_TOO_LONG',
]);

/** What ends a run over several pictures: the next one would fare no better. */
const fatalCodes: ReadonlySet<ErrorCode> = new Set([...usageCodes, 'ABORTED', 'DISPOSED', 'OUTPUT_FAILED']);

const codeOf = (error: unknown): ErrorCode => (error instanceof InvSegError ? error.code : 'INTERNAL');

export const isFatal = (error: unknown): boolean => fatalCodes.has(codeOf(error));

export function exitCode(error: unknown): number {
  const code = codeOf(error);
  if (code === 'ABORTED') return EXIT.interrupted;
  return usageCodes.has(code) ? EXIT.usage : EXIT.failed;
}

/** `error: <message>` and the code; all lines of ours, for they say what to do, but no stack unless asked for. */
export function describeError(error: unknown, debug: boolean): string {
  const own = error instanceof InvSegError;
  const message = error instanceof Error ? error.message : String(error);
  const shown = own ? message : message.split('\n')[0];
  const stack = debug && error instanceof Error ? `${error.stack ?? ''}${cause(error)}\n` : '';
  return `error: ${shown}\ncode: ${codeOf(error)}\n${stack}`;
}

function cause(error: Error): string {
  const inner = error.cause;
  if (inner === undefined) return '';
  return `\nCaused by: ${inner instanceof Error ? (inner.stack ?? inner.message) + cause(inner) : show(inner)}`;
}

export function errorJson(error: unknown): { code: string; message: string } {
  return { code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
}
