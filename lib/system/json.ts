/** JSON from outside. */

/** Objects and lists within each other; the deepest file of this package has 6. */
export const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [...'"\\[]{}'].map((sign) =>
  sign.charCodeAt(0),
);

/**
 * `JSON.parse`, but what is nested deeper than `MAX_DEPTH` is refused: the parser takes any depth, and whoever walks
 * through
 * the value afterwards (`JSON.stringify`, a comparison) runs out of stack.
 *
 * A key `__proto__` becomes a property like any other; whoever copies values by their keys must define and not assign.
 *
 * @throws {SyntaxError}
 */
export function parseJson(text: string): unknown {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) throw new SyntaxError(`it is nested deeper than ${MAX_DEPTH} levels`);
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
  }
  return JSON.parse(text) as unknown;
}

/** Index of the closing quote, or of the text's end. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}
