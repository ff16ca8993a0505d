/** Keys of a JSON object as written, which `JSON.parse` does not tell. */

/**
 * The keys of the outermost object, sorted, each as often as it is written.
 *
 * @param json text of an object that `JSON.parse` accepts
 */
export function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '"') {
      const end = stringEnd(json, i);
      // Directly inside the object, a string with a colon behind it is a key.
      if (depth === 1 && isKey(json, end)) keys.push(JSON.parse(json.slice(i, end)) as string);
      i = end - 1;
    }
  }
  return keys.sort();
}

/** Index after the closing quote of the string that begins at `start`. */
function stringEnd(json: string, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i + 1;
}

function isKey(json: string, after: number): boolean {
  let i = after;
  while (json[i] === ' ' || json[i] === '\t' || json[i] === '\n' || json[i] === '\r') i++;
  return json[i] === ':';
}
