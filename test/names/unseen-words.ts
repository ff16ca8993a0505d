/** Words that nobody has seen before, as a stranger's captions may have without end. */

/** @returns another word of letters for each number */
export function word(number: number): string {
  let letters = '';
  for (let rest = number + 26 ** 3; rest > 0; rest = Math.floor(rest / 26))
    letters += String.fromCharCode(97 + (rest % 26));
  return `q${letters}q`;
}
export const text = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => word(from + i)).join(' ');
