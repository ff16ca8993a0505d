/** The losses of the loop, step by step. */
import type { StepLoss } from '../../methods/index.js';
import { Html, html, lineChart, section } from '../../page/index.js';
import { figure, plural } from '../../words.js';
import type { Explanation } from '../types.js';

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
  const course = series.map(({ name, values }) => `${name} from ${figure(values[0]!)} to ${figure(values.at(-1)!)}`);
  const label = `Losses over ${plural(losses.length, 'step')}: ${course.join(', ')}`;
  const weight = (value: number): string => (value === 1 ? '' : `${value} · `);
  const chance =
    options.views.fresh === 'perStep'
      ? 'Every step sees other crops and another timestep, so that neighbours differ by chance too.'
      : 'Every step sees the same crops at another timestep.';
  return section(
    'losses',
    'Losses',
    html`<p>Total = ${weight(options.loss.clusterWeight)}cluster + ${weight(options.loss.alpha)}entropy, before each step's update. Cluster is
eq. 8: distances within the names less distances between them (eq. 6 and 7). Entropy is that of the mean map of the
${plural(options.views.count, 'crop')}. ${chance}</p>`,
    comparison &&
      html`<p>On the crops, timestep and noise of the first step, the total went from <strong>${figure(comparison.before)}</strong>
with the prompt as written to <strong>${figure(comparison.after)}</strong> with the learnt one.</p>`,
    status === 'completed' ? undefined : html`<p class="warning">${warnings.at(-1)}</p>`,
    html`<div class="broad">${lineChart(series, losses.length, label, { width: 860, height: 340 })}</div>`,
    html`<div class="narrow">${lineChart(series, losses.length, label, { width: 358, height: 300 })}</div>`,
    html`<details><summary>Every step</summary><table><thead>${row(HEAD, 'th')}</thead>
<tbody>${losses.slice(0, MOST_ROWS).map((loss) => row(cellsOf(loss), 'td'))}</tbody></table>
${losses.length > MOST_ROWS ? html`<p class="soft">The first ${MOST_ROWS}; all are in explain.json.</p>` : undefined}</details>`,
  );
}

const HEAD = ['step', 'timestep', 'total', 'cluster', 'entropy', 'intra', 'inter', 'gradient', 'ms'];
/** Columns that fit a narrow page. */
const NARROW = 5;

function cellsOf({
  step,
  timestep,
  total,
  cluster,
  entropy,
  intra,
  inter,
  gradientNorm,
  milliseconds,
}: StepLoss): string[] {
  const losses = [total, cluster, entropy, intra, inter, gradientNorm].map((value) => figure(value));
  return [`${step}`, `${timestep}`, ...losses, `${Math.round(milliseconds)}`];
}

function row(cells: readonly string[], tag: 'th' | 'td'): Html {
  const [open, close] = [new Html(`<${tag}>`), new Html(`</${tag}>`)];
  const broad = new Html(`<${tag} class="broad">`);
  return html`<tr>${cells.map((cell, i) => html`${i < NARROW ? open : broad}${cell}${close}`)}</tr>
`;
}
