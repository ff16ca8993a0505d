/** Flags of `invseg explain`. */
import { InvSegError } from '../../errors.js';
import type { Names } from '../../explain/index.js';
import { loadVocabulary } from '../../names/index.js';
import type { MethodName } from '../../options/index.js';
import { methodNames } from '../../options/index.js';
import type { NamesFlags } from './names.js';
import type { SegmentFlags } from './options.js';

export interface ExplainFlags extends NamesFlags, Omit<SegmentFlags, 'method' | 'labels' | 'json' | 'saveMaps'> {
  methods?: string;
  mask?: string;
  maskNames?: string;
  points?: string;
}

/** @throws {InvSegError} `INVALID_OPTION` for a name that is no method */
export function parseMethods(text: string | undefined): MethodName[] | undefined {
  return text?.split(',').map((part) => {
    const method = methodNames.find((name) => name === part.trim());
    if (method === undefined) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected some of ${methodNames.join(', ')} for --methods but received "${part.trim()}"`,
      );
    }
    return method;
  });
}

/** Names with commas between them, or a vocabulary's with their synonyms. */
export async function readMaskNames(text: string | undefined): Promise<Names[] | undefined> {
  if (text === undefined || !/^[a-z-]+$/.test(text)) return text?.split(',');
  const vocabulary = await loadVocabulary(text).catch((error: unknown) => {
    if (error instanceof InvSegError && error.code === 'NAMES_NOT_FOUND') return undefined; // one name
    throw error;
  });
  return vocabulary?.classes.map(({ name, prompt, synonyms }) => [name, prompt, ...synonyms]) ?? [text];
}

/** @throws {InvSegError} `INVALID_OPTION` for what is not `x,y;x,y` */
export function parsePoints(text: string | undefined): [number, number][] | undefined {
  return text?.split(';').map((part): [number, number] => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*$/.exec(part);
    if (!match) {
      const message = `Expected x,y;x,y (pixels from the upper left) for --points but received "${text}"`;
      throw new InvSegError('INVALID_OPTION', message);
    }
    return [Number(match[1]), Number(match[2])];
  });
}
