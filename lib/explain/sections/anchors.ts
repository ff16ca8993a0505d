/** Soft anchors during the optimisation, as in the left half of the paper's Figure 3. */
import { drawHeat } from '../../draw/index.js';
import type { Album, Html } from '../../page/index.js';
import { fileStem, html, scale, section, shownName, swatch } from '../../page/index.js';
import { figure } from '../../words.js';
import { anchorOf, centreOf, highest, whereabouts } from '../anchors.js';
import type { Explanation } from '../types.js';
import { mapSize, mostCategories, planeOf, restNote } from './planes.js';

export async function anchorsSection(explanation: Explanation, album: Album): Promise<Html> {
  const { anchors, categories, palette } = explanation;
  const { loss, inference } = explanation.invseg.options;
  const { anchorScale, anchorCentre } = loss;
  const ends = [0, 1].map((value) => anchorOf(value, anchorScale, anchorCentre)).sort((a, b) => a - b) as [
    number,
    number,
  ];
  const rows: Html[] = [];
  for (const c of mostCategories(explanation)) {
    const name = categories[c]!;
    const cells: Html[] = [];
    for (const { step, maps } of anchors) {
      const values = planeOf(maps, c);
      const pixels = drawHeat({ values, side: maps.size, low: ends[0], high: ends[1] }, mapSize(explanation));
      const alt = `Anchors of ${name} at step ${step}, strongest ${whereabouts(centreOf(highest(values), maps.size))}`;
      const image = await album.picture(`anchors/${fileStem(c, name)}.step-${step}.png`, pixels, { alt });
      cells.push(html`<figure><small>step ${step}</small>${image}</figure>`);
    }
    rows.push(html`<h3>${swatch(palette[c]!)} ${shownName(name)}</h3><div class="steps">${cells}</div>
`);
  }
  return section(
    'anchors',
    'Anchors',
    html`<p>How strongly each point stands for its name in the clustering loss:
<span class="formula">Anchor = sigmoid(${anchorScale} · (M − ${anchorCentre}))</span>, the soft selection of eq. 5 (the paper's
Figure 3, left), before the loop, on the way and after it. The loop itself sees crops of the image; here its attention is read on
the whole image, at timestep ${inference.timestep}.</p>`,
    scale(figure(ends[0], 2), figure(ends[1], 2), 'what the sigmoid makes of 0 and of 1'),
    rows,
    restNote(explanation),
  );
}
