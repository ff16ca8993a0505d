/** The masks of all methods side by side, as in the paper's Figure 4. */
import { categoryPalette, percent, shares } from '../../draw/index.js';
import type { Palette, Pixels } from '../../draw/index.js';
import { resizeLabels, resizePixels, shownSize, tint } from '../../draw/pixels.js';
import { methods } from '../../methods/index.js';
import type { Album } from '../album.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import type { Agreement } from '../iou.js';
import { section, shownName, swatch } from '../parts.js';
import type { Explanation, MethodRun } from '../types.js';
import { plural, seconds } from '../words.js';

/** Names in a legend; what is beyond has the smallest shares. */
const MOST_NAMES = 24;

export async function masksSection(explanation: Explanation, album: Album): Promise<Html> {
  const { truth, runs, classes, categories } = explanation;
  const cards: Html[] = [await inputCard(explanation, album)];
  if (truth) {
    cards.push(await card(explanation, album, { key: 'truth', title: 'Ground truth', lines: ['as given'], labels: truth, names: classes }));
  }
  for (const run of runs) cards.push(await methodCard(run, explanation, album));
  const judged = truth
    ? html`<p>Share is that of the picture, IoU the intersection over union with the ground truth. mIoU is the mean over the names that the mask or the ground truth shows${classes.length > categories.length ? html`, ${classes.slice(categories.length).map((name, i) => html`${i > 0 ? ', ' : ''}${shownName(name)}`)} included, which no method was asked for` : undefined}; white pixels of the ground truth do not count.</p>`
    : undefined;
  return section(
    'masks',
    'Masks',
    html`<p>Every method's label of each pixel, over the picture (the paper's Figure 4). With invseg and baseline a pixel gets the name whose refined map (eq. 2) is the highest there. Each name has the colour of the legend; the background is only darkened.</p>`,
    judged,
    html`<div class="grid">${cards}</div>`,
  );
}

interface Mask {
  key: string;
  title: string;
  lines: readonly (Html | string)[];
  labels: Uint8Array;
  names: readonly string[];
  palette?: Palette;
  agreement?: Agreement | undefined;
}

async function inputCard({ picture }: Explanation, album: Album): Promise<Html> {
  const image = await album.picture('masks/input.png', await small(picture.pixels), { alt: 'The picture itself', shown: 640 });
  return html`<figure class="card">${image}<figcaption><strong>Input</strong><br><span class="soft">${picture.width} × ${picture.height} pixels</span></figcaption></figure>
`;
}

async function methodCard({ method, result, failure, agreement }: MethodRun, explanation: Explanation, album: Album): Promise<Html> {
  const { summary } = methods[method];
  if (!result) return html`<div class="card"><strong>${method}</strong><p class="soft">${summary}</p><p class="warning">It gave no mask: ${failure}</p></div>
`;
  const { categories, labels, timings } = result;
  const asked = categories.every((name, i) => name === explanation.categories[i]) && categories.length === explanation.categories.length;
  const lines = [html`<span class="soft">${summary}</span>`, `${agreement ? `mIoU ${percent(agreement.mean)}, ` : ''}${seconds(timings.total)}`];
  if (!asked) lines.push(html`<span class="soft">It finds ${plural(categories.length, 'segment')} of its own, in colours of their own.</span>`);
  const own = asked ? {} : { palette: categoryPalette(categories.length, explanation.paletteName) };
  return card(explanation, album, { key: method, title: method, lines, labels, names: categories, agreement, ...own });
}

async function card({ picture, palette: common, categories }: Explanation, album: Album, mask: Mask): Promise<Html> {
  const { key, title, lines, labels, names, agreement, palette = common } = mask;
  const base = await small(picture.pixels);
  const background = palette === common ? categories.length - 1 : -1;
  const drawn = tint(base, resizeLabels(labels, picture, base), palette, { background });
  const parts = shares(labels, names.length);
  const order = names.map((_, i) => i).sort((a, b) => parts[b]! - parts[a]!);
  const alt = `Mask of ${title}: ${order.slice(0, 6).map((i) => `${names[i]} ${percent(parts[i]!)}`).join(', ')}`;
  const image = await album.picture(`masks/${key}.png`, drawn, { alt, shown: 640 });
  const rows = names.flatMap((name, i) => {
    if (!order.slice(0, MOST_NAMES).includes(i)) return [];
    const iou = agreement && html`<span class="number">${agreement.classes[i] === null || agreement.classes[i] === undefined ? '–' : percent(agreement.classes[i])}</span>`;
    return html`<li>${swatch(palette[i]!)}<span>${shownName(name)}</span><span class="number">${percent(parts[i]!)}</span>${iou}</li>`;
  });
  const head = html`<li class="soft"><span></span><span></span><span class="number">share</span>${agreement && html`<span class="number">IoU</span>`}</li>`;
  const more = names.length > MOST_NAMES ? html`<li><span></span><span class="soft">and ${names.length - MOST_NAMES} smaller</span></li>` : undefined;
  return html`<figure class="card">${image}<figcaption><strong>${title}</strong>${lines.map((line) => html`<br>${line}`)}<ul class="legend">${head}${rows}${more}</ul></figcaption></figure>
`;
}

function small(pixels: Pixels): Promise<Pixels> {
  const { width, height } = shownSize(pixels.width, pixels.height, { most: 640, least: 256 });
  return resizePixels(pixels, width, height);
}
