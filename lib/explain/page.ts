/** The page: one file that needs nothing else, not even a script. */

import { record } from '../checks/index.js';
import { checkPixels, checkText } from '../draw/index.js';
import type { AlbumFile } from '../page/index.js';
import { Album, framed, type Html, html, shownName, style, swatch } from '../page/index.js';
import { plural, seconds } from '../words.js';
import { summarise } from './data.js';
import { anchorsSection } from './sections/anchors.js';
import { distancesSection } from './sections/distances.js';
import { lossesSection } from './sections/losses.js';
import { mapsSection } from './sections/maps.js';
import { masksSection } from './sections/masks.js';
import { settingsSection } from './sections/settings.js';
import type { Explanation } from './types.js';

const SECTIONS = ['Masks', 'Maps', 'Anchors', 'Distances', 'Losses', 'Settings'];

const MOST_NAMES = 48;

/**
 * Renders an explanation as one HTML page that needs no network and no script.
 *
 * @param explanation of `explain`
 * @param name of the image, for the title
 * @returns `index.html`, `explain.json` and a PNG for each image of the page
 * @throws {InvSegError} `INVALID_OPTION` for what is no explanation
 * @example
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import path from 'node:path';
 * import { Segmenter } from 'invseg-native';
 * import { explain, renderExplanation } from 'invseg-native/explain';
 *
 * await using segmenter = await Segmenter.open();
 * const explanation = await explain(segmenter, 'cat.jpg', { categories: ['cat'], steps: 2, methods: ['invseg'] });
 * for (const { name, content } of await renderExplanation(explanation, 'cat.jpg')) {
 *   const file = path.join('page', name);
 *   await mkdir(path.dirname(file), { recursive: true });
 *   await writeFile(file, content);
 * }
 * ```
 */
export async function renderExplanation(explanation: Explanation, name: string): Promise<AlbumFile[]> {
  record(explanation, 'explanation', 'what explain found');
  for (const part of ['picture', 'invseg', 'before', 'after'] as const)
    record(explanation[part], `explanation.${part}`, 'what explain found');
  checkPixels(explanation.picture.pixels);
  checkText(name, 'name');
  const album = new Album();
  const lead = await leadOf(explanation, name, album);
  const sections = [
    await masksSection(explanation, album),
    await mapsSection(explanation, album),
    await anchorsSection(explanation, album),
    await distancesSection(explanation, album),
    lossesSection(explanation),
    settingsSection(explanation),
  ];
  const page = framed({
    title: `InvSeg on ${name}`,
    style,
    lead,
    sections,
    note: `Figures and equations are those of “InvSeg: Test-Time Prompt Inversion for
Semantic Segmentation”. Each image lies beside this page as a PNG, the numbers are in explain.json.`,
  });
  const data = summarise(
    explanation,
    name,
    album.files.map((file) => file.name),
  );
  return [
    { name: 'index.html', content: page },
    { name: 'explain.json', content: `${JSON.stringify(data, null, 2)}\n` },
    ...album.files,
  ];
}

async function leadOf(
  { picture, invseg, categories, palette, runs }: Explanation,
  name: string,
  album: Album,
): Promise<Html> {
  const image = await album.picture('input.png', picture.pixels, { alt: `The image: ${name}`, shown: 960 });
  const { timings, options, losses } = invseg;
  const best = runs.flatMap(({ method, agreement }) =>
    agreement ? [`${method} ${(agreement.mean * 100).toFixed(1)} %`] : [],
  );
  const names = categories
    .slice(0, MOST_NAMES)
    .map((category, c) => html`<li>${swatch(palette[c]!)}<span>${shownName(category)}</span></li>`);
  return html`<header>
<h1>InvSeg on ${shownName(name)}</h1>
<div class="lead">
<figure>${image}</figure>
<div>
<p>${plural(categories.length - 1, 'name')} and the background, ${plural(losses.length, 'step')} of prompt inversion with seed
${options.seed}, ${seconds(timings.total)}.</p>
<ul class="legend names">${names}</ul>
${categories.length > MOST_NAMES ? html`<p class="soft">and ${categories.length - MOST_NAMES} more</p>` : undefined}
${best.length > 0 ? html`<p class="after">mIoU: ${best.join(', ')}.</p>` : undefined}
<p class="after soft">Below: the masks of every method, the maps they come from before and after the inversion, what the loss looked
at on the way, the losses, and all settings.</p>
${invseg.warnings.map((warning) => html`<p class="warning">${warning}</p>`)}
</div>
</div>
<nav aria-label="Sections">${SECTIONS.map((title) => html`<a href="#${title.toLowerCase()}">${title}</a>`)}</nav>
</header>`;
}
