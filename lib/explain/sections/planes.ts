/** What the sections with one map a category have in common. */
import { shownSize } from '../../draw/index.js';
import type { Html } from '../../page/index.js';
import { html, nameList } from '../../page/index.js';
import type { CategoryMaps } from '../../segmenter/index.js';
import type { Explanation } from '../types.js';

/** A page with more would be neither read nor small; the masks show all. */
const MOST = 16;

export function planeOf({ data, size }: CategoryMaps, category: number): Float32Array {
  return data.subarray(category * size * size, (category + 1) * size * size);
}

/** Size at which a map is drawn: the shape of the picture. */
export function mapSize({ picture }: Explanation): { width: number; height: number } {
  const { width, height } = picture.pixels;
  return shownSize(width, height, { most: 320, least: 192 });
}

/** The categories that are shown, in their order: all that have a map, or the largest ones and the background. */
export function mostCategories({ categories, after, invseg }: Explanation): number[] {
  const last = categories.length - 1;
  const area = (c: number): number => (c === last ? Infinity : invseg.segments[c]!.area);
  const order = after.categories.map((_, c) => c).sort((a, b) => area(b) - area(a));
  return order.slice(0, MOST).sort((a, b) => a - b);
}

export function restNote(explanation: Explanation): Html | undefined {
  const shown = mostCategories(explanation);
  const rest = explanation.after.categories.filter((_, c) => !shown.includes(c));
  if (rest.length === 0) return undefined;
  return html`<p class="soft">Not shown, with smaller masks: ${nameList(rest)}.</p>`;
}
