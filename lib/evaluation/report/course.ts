/** The losses over the steps, and what went wrong on the way. */

import { isPlainObject } from '../../checks/index.js';
import type { Html } from '../../page/index.js';
import { html, lineChart, section, shownName } from '../../page/index.js';
import { figure, plural, seconds } from '../../words.js';
import type { Evaluation } from '../types.js';

/** Lines of a list that a page shows; report.json has all. */
const MOST = 100;

export function lossesSection({ losses }: Evaluation): Html {
  if (losses.length === 0)
    return section('losses', 'Losses', html`<p>The method takes no steps, so there is no loss.</p>`);
  const series = (['total', 'cluster', 'entropy'] as const).map((name) => ({
    name,
    values: losses.map((step) => step[name]),
  }));
  const [first, last] = [losses[0]!, losses.at(-1)!];
  const label = `Mean losses over ${plural(losses.length, 'step')}: total from ${figure(first.total)} to ${figure(last.total)}`;
  const fewer = last.pictures < first.pictures ? ` The last step was taken for ${last.pictures} of them.` : '';
  return section(
    'losses',
    'Losses',
    html`<p>Mean over ${plural(first.pictures, 'image')}, before each step's update.${fewer}</p>
<div class="broad">${lineChart(series, losses.length, label, { width: 860, height: 340 })}</div>
<div class="narrow">${lineChart(series, losses.length, label, { width: 358, height: 300 })}</div>`,
  );
}

export function failuresSection({ skipped, warnings, pictures }: Evaluation): Html {
  const list = skipped.slice(0, MOST).map(
    ({ id, code, message }) => html`<li><strong>${shownName(id)}</strong> <code>${code}</code> ${message}</li>
`,
  );
  const words = warnings.slice(0, MOST).map(
    ({
      message,
      pictures: count,
      example,
    }) => html`<li>${plural(count, 'image')}, such as <strong>${shownName(example)}</strong>: ${message}</li>
`,
  );
  const open = pictures.total - pictures.evaluated - pictures.skipped;
  return section(
    'failures',
    'Failures',
    open > 0
      ? html`<p class="warning">${plural(open, 'image')} of ${pictures.total} were not looked at: they belong to other shards.</p>`
      : undefined,
    pictures.unnamed > 0
      ? html`<p>In ${plural(pictures.unnamed, 'image')} no class was named; the engine was not asked about them.</p>`
      : undefined,
    pictures.withoutNames > 0
      ? html`<p>Left out because the file of names does not have them: ${plural(pictures.withoutNames, 'image')}.</p>`
      : undefined,
    skipped.length === 0
      ? html`<p>Nothing was left out.</p>`
      : html`<h3>Left out</h3><ul class="failures">${list}</ul>`,
    skipped.length > MOST ? html`<p class="soft">and ${skipped.length - MOST} more, in report.json</p>` : undefined,
    warnings.length > 0 ? html`<h3>Warnings</h3><ul class="failures">${words}</ul>` : undefined,
    warnings.length > MOST ? html`<p class="soft">and ${warnings.length - MOST} more, in report.json</p>` : undefined,
  );
}

export function settingsSection({ settings, milliseconds, protocol }: Evaluation): Html {
  const { options, classes: _, unlisted: __, protocol: ___, ...rest } = settings;
  const rows = (group: object, prefix = ''): Html[] =>
    Object.entries(group).flatMap(([key, value]: [string, unknown]) => {
      if (isPlainObject(value)) return rows(value, `${prefix}${key}.`);
      const text = typeof value === 'string' && value.trim() !== '' ? value : JSON.stringify(value);
      return [html`<li>${prefix}${key} <code>${text}</code></li>`];
    });
  const parts = Object.entries(milliseconds).map(
    ([name, value]) => html`<tr><td>${name}</td><td>${seconds(value)}</td></tr>
`,
  );
  return section(
    'settings',
    'Settings and times',
    html`<p>${protocol}.</p><ul class="settings">${rows(rest)}</ul>
<details><summary>Options of the method</summary><ul class="settings">${rows(options)}</ul></details>
<h3>Mean time per image</h3>
<table><tbody>${parts}</tbody></table>
<p class="soft">Load: reading image and mask, while the engine works. Segment: the whole call; encode, inversion and predict are its parts.</p>`,
  );
}
