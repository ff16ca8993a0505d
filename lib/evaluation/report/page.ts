/** The report of an evaluation: one page that needs nothing else, not even a script. */

import { framed, type Html, html } from '../../page/index.js';
import type { SparseCounts } from '../../scores/index.js';
import { percent1 } from '../../words.js';
import type { ReadRun } from '../summary.js';
import type { Evaluation } from '../types.js';
import { classesSection } from './classes.js';
import { confusionSection } from './confusion.js';
import { failuresSection, lossesSection, settingsSection } from './course.js';
import { picturesSection } from './pictures.js';
import { reportStyle } from './style.js';

const SECTIONS = ['Classes', 'Confusion', 'Pictures', 'Losses', 'Failures', 'Settings'];

/** @param folder of the run, for its thumbnails @returns `report.html` */
export async function renderReport(folder: string, { evaluation, rows, table }: ReadRun): Promise<string> {
  const places = new Map(rows.map(({ id }, i) => [id, i]));
  const countsOf = (id: string): SparseCounts => table.counts(places.get(id)!);
  const { settings } = evaluation;
  const title = `${settings.options.method} on ${settings.dataset}`;
  return framed({
    title,
    style: reportStyle,
    lead: lead(title, evaluation),
    sections: [
      classesSection(evaluation),
      confusionSection(evaluation),
      await picturesSection(folder, evaluation, countsOf),
      lossesSection(evaluation),
      failuresSection(evaluation),
      settingsSection(evaluation),
    ],
    note: 'The numbers are in report.json, per-class.csv and per-image.csv beside this page.',
  });
}

function lead(title: string, { mIoU, mAcc, aAcc, mIoU95, pictures, settings }: Evaluation): Html {
  const interval =
    mIoU95[0] === null
      ? undefined
      : html`<span class="soft">95 %: ${percent1(mIoU95[0])} to ${percent1(mIoU95[1])}, images resampled</span>`;
  const left = pictures.skipped > 0 ? `, ${pictures.skipped} left out` : '';
  return html`<header>
<h1>${title}</h1>
<ul class="figures">
<li><strong>${percent1(mIoU)}</strong>mIoU ${interval}</li>
<li><strong>${percent1(mAcc)}</strong>mean accuracy</li>
<li><strong>${percent1(aAcc)}</strong>of all pixels</li>
<li><strong>${pictures.evaluated}</strong>of ${pictures.total} images${left}</li>
</ul>
<p>Model ${settings.model}, names: ${settings.names}.</p>
<nav aria-label="Sections">${SECTIONS.map((name) => html`<a href="#${name.toLowerCase()}">${name}</a>`)}</nav>
</header>`;
}
