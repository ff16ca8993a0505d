/** The masks of all methods side by side, as in the paper's Figure 4. */

import type { Palette, Pixels } from '../../draw/index.js';
import { categoryPalette, resizeLabels, resizePixels, shares, shownSize, tint } from '../../draw/index.js';
import { methods } from '../../methods/index.js';
import type { Album, Html } from '../../page/index.js';
import { html, nameList, section, shownName, swatch } from '../../page/index.js';
import { plural, seconds, shareText } from '../../words.js';
import type { Agreement } from '../iou.js';
import type { Explanation, MethodRun } from '../types.js';

/** Names in a legend; what is beyond has the smallest shares. */
const MOST_NAMES = 24;

export async function masksSection(explanation: Explanation, album: Album): Promise<Html> {
  const { truth, runs, classes, categories } = explanation;
  const cards: Html[] = [await inputCard(explanation, album)];
  if (truth) {
    const mask = { key: 'truth', title: 'Ground truth', lines: ['as given'], labels: truth, names: classes };
    cards.push(await card(explanation, album, mask));
  }
  for (const run of runs) cards.push(await methodCard(run, explanation, album));
  const others = classes.slice(categories.length);
  const further = others.length > 0 ? html`, ${nameList(others)} included, which no method was asked for` : undefined;
  const judged = truth
    ? html`<p>Share is that of the image, IoU the intersection over union with the ground truth. mIoU is the mean over the names
that the mask or the ground truth shows${further}; white pixels of the ground truth do not count.</p>`
    : undefined;
  return section(
    'masks',
    'Masks',
    html`<p>Every method's label of each pixel, over the image (the paper's Figure 4). With invseg and baseline a pixel gets the
name whose refined map (eq. 2) is the highest there. Each name has the colour of the legend; the background is only darkened.</p>`,
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
  const image = await album.picture('masks/input.png', await small(picture.pixels), {
    alt: 'The image itself',
    shown: 640,
  });
  const size = html`<span class="soft">${picture.width} × ${picture.height} pixels</span>`;
  return html`<figure class="card">${image}<figcaption><strong>Input</strong><br>${size}</figcaption></figure>
`;
}

async function methodCard(run: MethodRun, explanation: Explanation, album: Album): Promise<Html> {
  const { method, result, failure, agreement } = run;
  const { summary } = methods[method];
  if (!result) {
    const why = html`<p class="warning">It gave no mask: ${failure}</p>`;
    return html`<div class="card"><strong>${method}</strong><p class="soft">${summary}</p>${why}</div>
`;
  }
  const { categories, labels, timings } = result;
  const asked = categories.join('\n') === explanation.categories.join('\n');
  const mean = agreement ? `mIoU ${shareText(agreement.mean)}, ` : '';
  const lines = [html`<span class="soft">${summary}</span>`, `${mean}${seconds(timings.total)}`];
  if (!asked) {
    const found = plural(categories.length, 'segment');
    lines.push(html`<span class="soft">It finds ${found} of its own, in colours of their own.</span>`);
  }
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
  const largest = order.slice(0, 6).map((i) => `${names[i]} ${shareText(parts[i]!)}`);
  const alt = `Mask of ${title}: ${largest.join(', ')}`;
  const image = await album.picture(`masks/${key}.png`, drawn, { alt, shown: 640 });
  const rows = names.flatMap((name, i) => {
    if (!order.slice(0, MOST_NAMES).includes(i)) return [];
    const union = agreement?.classes[i];
    const iou = agreement && number(typeof union === 'number' ? shareText(union) : '–');
    return html`<li>${swatch(palette[i]!)}<span>${shownName(name)}</span>${number(shareText(parts[i]!))}${iou}</li>`;
  });
  const head = html`<li class="soft"><span></span><span></span>${number('share')}${agreement && number('IoU')}</li>`;
  const rest = names.length - MOST_NAMES;
  const more = rest > 0 ? html`<li><span></span><span class="soft">and ${rest} smaller</span></li>` : undefined;
  const about = lines.map((line) => html`<br>${line}`);
  return html`<figure class="card">${image}<figcaption><strong>${title}</strong>${about}
<ul class="legend">${head}${rows}${more}</ul></figcaption></figure>
`;
}

const number = (text: string): Html => html`<span class="number">${text}</span>`;

function small(pixels: Pixels): Promise<Pixels> {
  const { width, height } = shownSize(pixels.width, pixels.height, { most: 640, least: 256 });
  return resizePixels(pixels, width, height);
}
