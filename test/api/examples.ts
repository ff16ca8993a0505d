/** The examples in the comments of what the package exports. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const lib = path.resolve(import.meta.dirname, '../../lib');

/** What users import → its file. */
export const entries: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    (
      JSON.parse(readFileSync(path.join(lib, '../package.json'), 'utf8')) as {
        exports: Record<string, { types?: string }>;
      }
    ).exports,
  ).flatMap(([name, { types }]) =>
    types === undefined
      ? []
      : [
          [
            path.posix.join('invseg-native', name),
            path.join(lib, types.slice('./dist/'.length).replace('.d.ts', '.ts')),
          ],
        ],
  ),
);

export interface Documented {
  /** `invseg-native/draw drawHeat`, `invseg-native Segmenter.open` */
  name: string;
  /** Text between the marks of its comment; empty where it has none. */
  comment: string;
  examples: string[];
}

/** The blocks of JavaScript and TypeScript of a document. */
export function written(file: string): Documented[] {
  const text = readFileSync(path.join(lib, '..', file), 'utf8');
  return [...text.matchAll(/^```[jt]s\n([^]*?)^```/gm)].map(([, code], i) => ({
    name: `${file} ${i + 1}`,
    comment: '',
    examples: [code!],
  }));
}

/** Every function and class of an entry, and every method of its classes that is not internal. */
export function documented(entry: string, exports: Readonly<Record<string, unknown>>): Documented[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    if (typeof value !== 'function') return [];
    const { file, own } = declaration(entries[entry]!, name);
    const lines = readFileSync(file, 'utf8').split('\n');
    const isClass = /^class\b/.test(String(value));
    const at = lines.findIndex((line) => new RegExp(`^export (async )?(function\\*?|class) ${own}\\b`).test(line));
    const top = document(`${entry} ${name}`, lines, at);
    if (!isClass) return [top];
    const end = lines.indexOf('}', at);
    const methods = methodNames(value).map((method) => {
      const line = lines.findIndex(
        (text, i) => i > at && i < end && new RegExp(`^ {2}(static |async |\\*)*${method}[(<]`).test(text),
      );
      return document(`${entry} ${name}.${method}`, lines, line);
    });
    return [top, ...methods.filter(({ comment }) => !comment.includes('@internal'))];
  });
}

/** Follows `export { … } from '…'` to the file that declares the name, and the name that it has there. */
function declaration(file: string, name: string): { file: string; own: string } {
  const text = readFileSync(file, 'utf8');
  for (const [, list, from] of text.matchAll(/^export \{([^}]*)\} from '(\.[^']+)\.js';/gm)) {
    for (const part of list!.split(',')) {
      const [own = '', , as = own] = part.trim().split(' ');
      if (as === name) return declaration(path.join(path.dirname(file), `${from}.ts`), own);
    }
  }
  return { file, own: name };
}

function methodNames(value: object): string[] {
  const prototype = (value as { prototype: object }).prototype;
  return [value, prototype].flatMap((owner) =>
    Object.entries(Object.getOwnPropertyDescriptors(owner))
      .filter(([name, { value: method }]) => name !== 'constructor' && typeof method === 'function')
      .map(([name]) => name),
  );
}

function document(name: string, lines: readonly string[], at: number): Documented {
  if (at < 0) throw new Error(`${name}: no declaration was found`);
  const begin = lines.slice(0, at).findLastIndex((line) => line.trimStart().startsWith('/**'));
  const own = lines[at - 1]?.trimEnd().endsWith('*/') === true;
  const comment = own
    ? lines
        .slice(begin, at)
        .map((line) => line.replace(/^ *(\/\*\*|\*\/|\*) ?/, ''))
        .join('\n')
    : '';
  const examples = [...comment.matchAll(/@example\n```ts\n([^]*?)```/g)].map(([, code]) => code!);
  return { name, comment, examples };
}
