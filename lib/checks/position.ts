/** Lines and columns in a text of JSON, which `JSON.parse` does not tell. */
import type { AnyNode, ValueNode } from '@humanwhocodes/momoa';
import { parse } from '@humanwhocodes/momoa';

/** Keys and indices from the top of a file to a value. */
export type Path = readonly (string | number)[];

/** Characters of a text that is parsed for its positions: some twenty bytes of memory go with each. */
const MOST = 2 ** 25;

/**
 * `file:line:column` of the value at `path`, or of the nearest thing around it that is there. Looked up when an error needs it: a parser
 * that keeps positions takes many times as long as `JSON.parse`, and lists of names have megabytes.
 */
export function positionOf(file: string, text: string, path: Path): string {
  if (text.length > MOST) return file;
  const { line, column } = find(parse(text, { mode: 'json' }).body, path).loc.start;
  return `${file}:${line}:${column}`;
}

/** Where and why a text is not JSON. @param cause what `parseJson` threw */
export function notJson(file: string, text: string, cause: Error): string {
  const said = cause.message;
  const why = said
    .replace(/ in JSON at position \d+.*$/s, '')
    .replace(/, (?:\.{3})?".*" is not valid JSON$/s, '')
    .replace('JSON input', 'input');
  const place = placeOf(text, said);
  return `${file}${place && `:${place.line}:${place.column}`}: it is not valid JSON: ${why}`;
}

/** The parser's message holds the position or not, by what is wrong. */
function placeOf(text: string, said: string): { line: number; column: number } | '' {
  const at = / at position (\d+)/.exec(said);
  if (at || said.startsWith('Unexpected end')) {
    const lines = text.slice(0, at ? Number(at[1]) : text.length).split('\n');
    return { line: lines.length, column: lines.at(-1)!.length + 1 };
  }
  // The parser with positions calls itself for every level.
  if (text.length > MOST || said.includes('nested')) return '';
  try {
    parse(text, { mode: 'json' });
  } catch (error) {
    const { line, column } = error as Error & { line?: number; column?: number };
    if (line !== undefined && column !== undefined) return { line, column };
  }
  return '';
}

/** Where a key is written twice, the last one counts, as for `JSON.parse`. */
function find(node: ValueNode, path: Path): AnyNode {
  let at = node;
  for (const step of path) {
    const inner =
      at.type === 'Object'
        ? at.members.findLast(({ name }) => (name.type === 'String' ? name.value : name.name) === step)?.value
        : at.type === 'Array'
          ? at.elements[step as number]?.value
          : undefined;
    if (inner === undefined) return at;
    at = inner;
  }
  return at;
}
