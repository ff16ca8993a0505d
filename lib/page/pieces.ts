/** Small pieces that several sections use. */

import type { Colour } from '../draw/index.js';
import { hex, rampColours } from '../draw/index.js';
import type { Html } from './html.js';
import { html } from './html.js';

export const swatch = (colour: Colour): Html => html`<span class="swatch" style="background:${hex(colour)}"></span>`;

/** A name may run from right to left. */
export const shownName = (name: string): Html => html`<bdi>${name}</bdi>`;

export const nameList = (names: readonly string[]): Html =>
  html`${names.map((name, i) => html`${i > 0 ? ', ' : ''}${shownName(name)}`)}`;

/** The colours of a map and what their ends mean. */
export function scale(low: string, high: string, meaning: string): Html {
  const stops = rampColours(9).map(hex).join(',');
  const bar = html`<i style="background:linear-gradient(90deg,${stops})"></i>`;
  return html`<p class="scale"><span>${low}</span>${bar}<span>${high}</span><span class="soft">${meaning}</span></p>`;
}

export function section(id: string, title: string, ...content: (Html | Html[] | undefined)[]): Html {
  return html`<section id="${id}"><h2>${title}</h2>
${content}
</section>
`;
}
