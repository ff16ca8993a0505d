/** Distances from a point to all others, as in the right half of the paper's Figure 3. */
import { drawHeat, drawMarker } from '../../draw/index.js';
import type { Album, Html } from '../../page/index.js';
import { fileStem, html, scale, section, shownName, swatch } from '../../page/index.js';
import { figure } from '../../words.js';
import type { ChosenPoint } from '../anchors.js';
import { cellOf, whereabouts } from '../anchors.js';
import { quantile } from '../distances.js';
import type { Explanation } from '../types.js';
import { mapSize } from './planes.js';

const MOST_POINTS = 24;

export async function distancesSection(explanation: Explanation, album: Album): Promise<Html> {
  const { distances, palette, categories, picture } = explanation;
  if (!distances) {
    const none = html`<p>The loop reads no self-attention with these settings, so there is no distance to show.</p>`;
    return section('distances', 'Distances', none);
  }
  const { points, maps, frame } = distances;
  const high = quantile(maps, 0.98);
  const figures: Html[] = [];
  for (const [i, point] of points.slice(0, MOST_POINTS).entries()) {
    const label = point.category ?? `point ${i + 1}`;
    const heat = drawHeat({ values: maps[i]!, side: frame, low: 0, high }, mapSize(explanation));
    const alt = `Distance from a point of ${label}, ${whereabouts(point)}, to all others`;
    const image = await album.picture(`distances/${fileStem(i, label)}.png`, drawMarker(heat, point.x, point.y), {
      alt,
    });
    const category = point.category === undefined ? -1 : categories.indexOf(point.category);
    const name = html`<strong>${category >= 0 ? swatch(palette[category]!) : undefined} ${shownName(label)}</strong>`;
    const place = `from x ${pixel(point.x, picture.width)}, y ${pixel(point.y, picture.height)}`;
    const middle = `median ${figure(median(maps[i]!, point, frame), 3)}`;
    figures.push(html`<figure class="card">${image}
<figcaption>${name}<br><span class="soft">${place}; ${middle}</span></figcaption></figure>
`);
  }
  const own = points.every(({ category }) => category !== undefined);
  return section(
    'distances',
    'Distances',
    html`<p>How different the self-attention of one point (the ring) is from that of every other:
<span class="formula">S = KL(p<sub>i</sub> || p<sub>j</sub>) + KL(p<sub>j</sub> || p<sub>i</sub>)</span> (eq. 3; the paper's Figure 3,
right). The darker, the nearer: an object that the model sees as one is dark as a whole from any point in it.
${own ? 'Each point is the one of its mask nearest to the centre of mass of its map.' : ''} Read from the loop's attention with the
prompt as written, on ${frame} × ${frame} points.</p>`,
    scale('0', `≥ ${figure(high, 3)}`, 'nats, the same colours for all points'),
    html`<div class="grid small">${figures}</div>`,
    points.length > MOST_POINTS
      ? html`<p class="soft">The first ${MOST_POINTS} of ${points.length} points.</p>`
      : undefined,
  );
}

const pixel = (share: number, length: number): number => Math.min(length - 1, Math.floor(share * length));

/** Of the distances to the other points. */
function median(values: Float32Array, point: ChosenPoint, frame: number): number {
  const own = cellOf(point, frame);
  const others = values.filter((_, i) => i !== own).sort();
  return others[Math.floor(others.length / 2)] ?? 0;
}
