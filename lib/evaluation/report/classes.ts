/** Every class: bars for the eye, a table for the rest. */

import type { Html } from '../../page/index.js';
import { html, section, shownName } from '../../page/index.js';
import { percent1, whole } from '../../words.js';
import type { Evaluation } from '../types.js';

export function classesSection({ perClass, absent }: Evaluation): Html {
  const order = perClass.toSorted((a, b) => (b.iou ?? -1) - (a.iou ?? -1));
  const bars = order.map(
    ({
      name,
      iou,
    }) => html`<span>${shownName(name)}</span><span class="track"><i style="width:${((iou ?? 0) * 100).toFixed(1)}%"></i></span><span class="number">${percent1(iou)}</span>
`,
  );
  const unassigned = perClass.some((one) => one.unassigned > 0);
  const rows = perClass.map(
    (
      one,
    ) => html`<tr><td>${shownName(one.name)}</td><td>${percent1(one.iou)}</td><td>${percent1(one.accuracy)}</td><td class="broad">${whole(one.truth)}</td><td class="broad">${whole(one.predicted)}</td>${
      unassigned ? html`<td class="broad">${whole(one.unassigned)}</td>` : undefined
    }<td>${whole(one.pictures)}</td></tr>
`,
  );
  const rules = {
    'nan-mean': 'A class without a pixel in truth and prediction is in no mean.',
    zero: 'A class without a pixel in truth and prediction counts as 0.',
    'present-only': 'A class that no truth shows is in no mean, whatever was predicted.',
  };
  return section(
    'classes',
    'Classes',
    html`<p>IoU = TP / (T + P − TP) over all pixels of all images, accuracy = TP / T. ${rules[absent]}</p>
<div class="bars">${bars}</div>
<div class="scroll"><table><thead><tr><th>class</th><th>IoU</th><th>accuracy</th><th class="broad">labelled pixels</th><th class="broad">predicted pixels</th>${
      unassigned ? html`<th class="broad">without a class</th>` : undefined
    }<th>images</th></tr></thead>
<tbody>${rows}</tbody></table></div>`,
  );
}
