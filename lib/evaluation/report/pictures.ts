/** The worst and the best pictures: truth beside prediction. */
import path from 'node:path';
import sharp from 'sharp';
import { formatOf } from '../../image/index.js';
import type { Html } from '../../page/index.js';
import { html, section, shownName, swatch } from '../../page/index.js';
import type { SparseCounts } from '../../scores/index.js';
import { dense, metricsOf } from '../../scores/index.js';
import { readBounded } from '../../system/index.js';
import { percent1 } from '../../words.js';
import { labelPalette } from '../keep.js';
import { pictureFiles } from '../run-folder.js';
import type { Evaluation, PictureResult } from '../types.js';

/** Names in a legend; what is beyond has the smallest shares. */
const MOST_NAMES = 8;
/** Of a thumbnail. */
const MOST_BYTES = 2 ** 22;

/** @param countsOf of a picture, by its id */
export async function picturesSection(
  folder: string,
  evaluation: Evaluation,
  countsOf: (id: string) => SparseCounts,
): Promise<Html> {
  const cards = async (list: readonly PictureResult[]): Promise<Html[]> => {
    const out: Html[] = [];
    for (const one of list) out.push(await card(folder, evaluation, one, countsOf(one.id)));
    return out;
  };
  // Few pictures are among both; each is shown once.
  const best = evaluation.best.filter(({ id }) => !evaluation.worst.some((one) => one.id === id));
  if (evaluation.worst.length === 0) return section('pictures', 'Images', html`<p>No image has a labelled pixel.</p>`);
  return section(
    'pictures',
    'Pictures',
    html`<p>By the mean IoU of an image's own classes, in its truth or its prediction. Left the truth, right the prediction; ignored
pixels are white. Labels at full size lie in <code>pictures/</code>.</p>
<h3>Worst</h3>
<div class="grid wide">${await cards(evaluation.worst)}</div>
${
  best.length > 0
    ? html`<h3>Best</h3>
<div class="grid wide">${await cards(best)}</div>`
    : undefined
}`,
  );
}

async function card(
  folder: string,
  evaluation: Evaluation,
  { id, mIoU, aAcc }: PictureResult,
  counts: SparseCounts,
): Promise<Html> {
  const { classes, hasBackground } = evaluation.settings;
  const palette = labelPalette(hasBackground);
  const { iou } = metricsOf(dense(counts, classes.length));
  const files = pictureFiles(id);
  const truth = await image(path.join(folder, files.truth), `${id}: truth`);
  const predicted = await image(path.join(folder, files.predicted), `${id}: prediction`);
  const order = counts.toSorted((a, b) => Math.max(b[2], b[3]) - Math.max(a[2], a[3]));
  const names = order
    .slice(0, MOST_NAMES)
    .map(
      ([c]) =>
        html`<li>${swatch(palette[c]!)}<span>${shownName(classes[c]!)}</span><span></span><span class="number">${percent1(Number.isNaN(iou[c]!) ? null : iou[c]!)}</span></li>`,
    );
  const more = order.length - MOST_NAMES;
  return html`<figure class="card"><div class="pair"><div><small>truth</small>${truth}</div><div><small>prediction</small>${predicted}</div></div>
<figcaption><strong>${shownName(id)}</strong> mIoU ${percent1(mIoU)}, accuracy ${percent1(aAcc)}
<ul class="legend">${names}${more > 0 ? html`<li><span></span><span class="soft">and ${more} smaller</span></li>` : undefined}</ul></figcaption></figure>
`;
}

/** A run whose pictures were thrown away still has its counts. */
async function image(file: string, alt: string): Promise<Html> {
  try {
    const bytes = await readBounded(file, MOST_BYTES);
    if (formatOf(bytes) !== 'WebP') throw new Error('it is none of ours');
    const { width, height } = await sharp(bytes).metadata();
    return html`<img src="data:image/webp;base64,${bytes.toString('base64')}" width="${width}" height="${height}" alt="${alt}">`;
  } catch {
    return html`<p class="soft">not kept</p>`;
  }
}
