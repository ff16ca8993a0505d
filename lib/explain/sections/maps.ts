/** Refined maps before and after the inversion, as in the paper's Figure 5. */
import { drawHeat } from '../../draw/index.js';
import type { Album, Html } from '../../page/index.js';
import { fileStem, html, scale, section, shownName, swatch } from '../../page/index.js';
import type { CategoryMaps } from '../../segmenter/index.js';
import { figure, plural, shareText } from '../../words.js';
import { centreOf, highest, whereabouts } from '../anchors.js';
import type { Explanation } from '../types.js';
import { mapSize, mostCategories, planeOf, restNote } from './planes.js';

export async function mapsSection(explanation: Explanation, album: Album): Promise<Html> {
  const { before, after, categories, invseg, runs } = explanation;
  const baseline = runs.find(({ method }) => method === 'baseline')?.result;
  const cards: Html[] = [];
  for (const c of mostCategories(explanation)) {
    const name = categories[c]!;
    const pictures = [
      await drawn(before, c, 'before', explanation, album),
      await drawn(after, c, 'after', explanation, album),
    ];
    const share = shareText(invseg.segments[c]!.share);
    const shares = baseline ? `from ${shareText(baseline.segments[c]!.share)} to ${share}` : share;
    const change = figure(meanChange(before, after, c), 2);
    cards.push(html`<figure class="card"><div class="pair">${pictures}</div>
<figcaption>${swatch(explanation.palette[c]!)} <strong>${shownName(name)}</strong><br>
<span class="soft">mask ${shares} of the image; the map changed by ${change} a point</span></figcaption></figure>
`);
  }
  const { steps, inference } = invseg.options;
  return section(
    'maps',
    'Maps before and after the inversion',
    html`<p>The refined cross-attention map of each name,
<span class="formula">M = norm(A<sub>self</sub> · A<sub>cross</sub>)</span> (eq. 2; the paper's Figure 5): on the left for the prompt
as written, on the right for the prompt after ${plural(steps, 'step')}. Both are read at timestep ${inference.timestep} under the same
noise, on ${after.size} × ${after.size} points; nothing but the prompt differs. The mask follows from the maps on the right.</p>`,
    scale('0', '1', "min–max within each map: 0 is the name's weakest point, 1 its strongest"),
    html`<div class="grid wide">${cards}</div>`,
    restNote(explanation),
  );
}

async function drawn(
  maps: CategoryMaps,
  c: number,
  when: 'before' | 'after',
  explanation: Explanation,
  album: Album,
): Promise<Html> {
  const name = explanation.categories[c]!;
  const values = planeOf(maps, c);
  const pixels = drawHeat({ values, side: maps.size, low: 0, high: 1 }, mapSize(explanation));
  const alt = `Map of ${name} ${when} the inversion, strongest ${whereabouts(centreOf(highest(values), maps.size))}`;
  const image = await album.picture(`maps/${fileStem(c, name)}.${when}.png`, pixels, { alt });
  return html`<div><small>${when}</small>${image}</div>`;
}

function meanChange(before: CategoryMaps, after: CategoryMaps, c: number): number {
  const [a, b] = [planeOf(before, c), planeOf(after, c)];
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}
