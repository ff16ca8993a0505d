/** The confusion matrix: rows are the truth, each scaled to its own pixels. */

import type { Html } from '../../page/index.js';
import { html, section, shownName } from '../../page/index.js';
import { percent1 } from '../../words.js';
import type { Evaluation } from '../types.js';

const CELL = 20;
/** Room for the numbers of the columns. */
const TOP = 24;
/** Pairs in the list under the matrix. */
const MOST_PAIRS = 12;
/** A letter is taken as this wide; names are cut to the margin. */
const LETTER = 8;
const LONGEST = 18;

export function confusionSection({ perClass, confusion }: Evaluation): Html {
  // A class that nobody labelled and nobody predicted is an empty row and an empty column.
  const shown = perClass.flatMap(({ truth, predicted }, c) => (truth > 0 || predicted > 0 ? [c] : []));
  if (shown.length === 0) return section('confusion', 'Confusion', html`<p>No pixel was labelled.</p>`);
  const names = shown.map((c) => cut(perClass[c]!.name));
  const margin = (Math.max(...names.map((name) => name.length)) + 3) * LETTER + 8;
  const side = shown.length * CELL;
  const cells = shown.flatMap((truth, row) =>
    shown.flatMap((guess, column) => {
      const share = (confusion[truth]![guess] ?? 0) / Math.max(1, perClass[truth]!.truth);
      if (share < 0.0005) return [];
      const about = `${perClass[truth]!.name} taken for ${perClass[guess]!.name}: ${percent1(share)}`;
      const kind = truth === guess ? undefined : html` class="wrong"`;
      return [
        html`<rect${kind} x="${margin + column * CELL}" y="${TOP + row * CELL}" width="${CELL - 1}" height="${CELL - 1}" opacity="${share.toFixed(3)}"><title>${about}</title></rect>`,
      ];
    }),
  );
  const labels = names.flatMap((name, i) => {
    return [
      html`<text x="${margin - 6}" y="${TOP + i * CELL + 14}" text-anchor="end">${name} ${i + 1}</text>`,
      html`<text x="${margin + (i + 0.5) * CELL}" y="${TOP - 6}" text-anchor="middle">${i + 1}</text>`,
    ];
  });
  const [width, height] = [margin + side + 1, TOP + side + 1];
  return section(
    'confusion',
    'Confusion',
    html`<p>Rows are the truth, columns the prediction by the rows' numbers; a full colour is all pixels of the row. Right pixels are on the diagonal.</p>
<svg class="matrix" viewBox="0 0 ${width} ${height}" role="img" aria-label="Confusion of ${shown.length} classes" style="max-width:${Math.min(860, width)}px">
<rect class="frame" x="${margin - 0.5}" y="${TOP - 0.5}" width="${side}" height="${side}"/>
${cells}
${labels}
</svg>
${pairList({ perClass, confusion })}`,
  );
}

function pairList({ perClass, confusion }: Pick<Evaluation, 'perClass' | 'confusion'>): Html | undefined {
  const pairs = confusion.flatMap((row, truth) => row.map((pixels, guess) => ({ truth, guess, pixels })));
  const total = perClass.reduce((sum, one) => sum + one.truth, 0);
  const worst = pairs
    .filter(({ truth, guess, pixels }) => truth !== guess && pixels > 0)
    .sort((a, b) => b.pixels - a.pixels)
    .slice(0, MOST_PAIRS);
  if (worst.length === 0) return undefined;
  const rows = worst.map(
    ({
      truth,
      guess,
      pixels,
    }) => html`<tr><td>${shownName(perClass[truth]!.name)}</td><td>${shownName(perClass[guess]!.name)}</td><td>${percent1(pixels / perClass[truth]!.truth)}</td><td>${percent1(pixels / total)}</td></tr>
`,
  );
  return html`<h3>What is confused most</h3>
<div class="scroll"><table><thead><tr><th>truth</th><th>prediction</th><th>of the class</th><th>of all</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

const cut = (name: string): string =>
  [...name].length > LONGEST ? `${[...name].slice(0, LONGEST - 1).join('')}…` : name;
