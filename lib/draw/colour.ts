/** Red, green, blue, 0–255. */
export type Colour = readonly [number, number, number];

export function hex([red, green, blue]: Colour): string {
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
