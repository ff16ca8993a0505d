/** The losses of the loop, step by step. */
import { lineChart } from '../chart.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import { section } from '../parts.js';
import type { Explanation } from '../types.js';
import { figure, plural } from '../words.js';

/** A table of a thousand steps helps nobody. */
const MOST_ROWS = 100;

export function lossesSection({ invseg }: Explanation): Html {
  const { losses, options, comparison, status, warnings } = invseg;
  if (losses.length === 0) return section('losses', 'Losses', html`<p>No step was taken, so there is no loss.</p>`);
  const series = [
    { name: 'total', values: losses.map(({ total }) => total) },
    { name: 'cluster', values: losses.map(({ cluster }) => cluster) },
    { name: 'entropy', values: losses.map(({ entropy }) => entropy) },
  ];
  const [first, last] = [losses[0]!, losses.at(-1)!];
  const label = `Losses over ${plural(losses.length, 'step')}: total from ${figure(first.total)} to ${figure(last.total)}, cluster from ${figure(first.cluster)} to ${figure(last.cluster)}, entropy from ${figure(first.entropy)} to ${figure(last.entropy)}`;
  const weight = (value: number): string => (value === 1 ? '' : `${value} · `);
  return section(
    'losses',
    'Losses',
    html`<p>Total = ${weight(options.clusterWeight)}cluster + ${weight(options.alpha)}entropy, before each step's update. Cluster is eq. 8: distances within the names less distances between them (eq. 6 and 7). Entropy is that of the mean map of the ${plural(options.viewCount, 'crop')}. ${options.views === 'perStep' ? 'Every step sees other crops and another timestep, so that neighbours differ by chance too.' : 'Every step sees the same crops at another timestep.'}</p>`,
    comparison && html`<p>On the crops, timestep and noise of the first step, the total went from <strong>${figure(comparison.before)}</strong> with the prompt as written to <strong>${figure(comparison.after)}</strong> with the learnt one.</p>`,
    status === 'completed' ? undefined : html`<p class="warning">${warnings.at(-1)}</p>`,
    html`<div class="broad">${lineChart(series, losses.length, label, { width: 860, height: 340 })}</div><div class="narrow">${lineChart(series, losses.length, label, { width: 358, height: 300 })}</div>`,
    html`<details><summary>Every step</summary><table><thead><tr><th>step</th><th>timestep</th><th>total</th><th>cluster</th><th class="broad">intra</th><th class="broad">inter</th><th>entropy</th><th class="broad">gradient</th><th class="broad">ms</th></tr></thead><tbody>${losses.slice(0, MOST_ROWS).map(
      (loss) => html`<tr><td>${loss.step}</td><td>${loss.timestep}</td><td>${figure(loss.total)}</td><td>${figure(loss.cluster)}</td><td class="broad">${figure(loss.intra)}</td><td class="broad">${figure(loss.inter)}</td><td>${figure(loss.entropy)}</td><td class="broad">${figure(loss.gradientNorm)}</td><td class="broad">${Math.round(loss.milliseconds)}</td></tr>
`,
    )}</tbody></table>${losses.length > MOST_ROWS ? html`<p class="soft">The first ${MOST_ROWS}; all are in explain.json.</p>` : undefined}</details>`,
  );
}
