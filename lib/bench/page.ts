/** The figures of a bench as one page that needs nothing else, not even a script. */
import { refuse } from '../checks/index.js';
import { framed, type Html, html, style } from '../page/index.js';
import { bars } from './bars.js';
import { countedStages } from './counted.js';
import { checkBenchReport } from './report.js';
import type { BenchReport, BenchStage } from './types.js';
import { benchStages } from './types.js';

/** Options of `renderBench`. */
export interface BenchPageOptions {
  /**
   * Operations per second that the device reaches on large matrix products; with it, the page shows each stage's limit.
   */
  rate?: number | undefined;
}

const meanings: Readonly<Record<BenchStage, string>> = {
  decode: 'decode',
  text: 'text',
  encode: 'text and picture',
  inversion: 'all steps',
  step: 'one step',
  predict: 'prediction',
  total: 'whole image',
};

const own = `
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 16px 0; padding: 0; list-style: none; }
.figures strong { display: block; font-size: 30px; line-height: 1.5; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; max-width: 100%; overflow-wrap: normal; }
.bars { display: grid; grid-template-columns: minmax(84px, max-content) minmax(60px, 1fr) minmax(88px, max-content); gap: 6px 12px; align-items: center; font-size: 14px; max-width: 860px; margin: 12px 0; }
.bars .value { font-variant-numeric: tabular-nums; text-align: right; }
.track { position: relative; display: block; height: 16px; background: var(--card); border-radius: 2px; }
.track i { position: absolute; left: 0; top: 0; bottom: 0; border-radius: 2px; min-width: 1px; background: var(--line-0); }
.track .spread { opacity: 0.35; }
.track .other { background: var(--line-1); }
.track .limit, .keys .limit { background: var(--ink); min-width: 3px; width: 3px; border-radius: 0; }
.keys { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 8px 0; padding: 0; font-size: 14px; }
.keys i { display: inline-block; width: 20px; height: 12px; margin-right: 6px; background: var(--line-0); vertical-align: -1px; }
.keys .spread { opacity: 0.35; } .keys .other { background: var(--line-1); }
`;

/**
 * Renders a report as one HTML page that needs no network and no script.
 *
 * @param report of `bench`
 * @param options the device's rate
 * @returns the page
 * @throws {InvSegError} `INVALID_OPTION` for what is no report and no rate
 * @example
 * ```ts
 * import { readFile, writeFile } from 'node:fs/promises';
 * import { checkBenchReport, renderBench } from 'invseg-native/bench';
 *
 * const report = checkBenchReport(JSON.parse(await readFile('bench.json', 'utf8')), 'bench.json');
 * await writeFile('bench.html', renderBench(report));
 * ```
 */
export function renderBench(report: BenchReport, { rate }: BenchPageOptions = {}): string {
  checkBenchReport(report, 'report');
  if (rate !== undefined && !(typeof rate === 'number' && rate > 0 && Number.isFinite(rate)))
    refuse('rate', 'operations per second above 0', rate);
  const title = `${report.model.name}${report.model.random ? ' (random weights)' : ''} on ${report.deviceName}`;
  return framed({
    title,
    style: style + own,
    lead: lead(title, report),
    sections: [stagesSection(report, rate), batchesSection(report), peersSection(report), settingsSection(report)],
  });
}

function lead(title: string, report: BenchReport): Html {
  const { host, date, device, dtype, images, stages, peakMemory, eventLoopP99 } = report;
  return html`<header>
<h1>${title}</h1>
<ul class="figures">
<li><strong>${milliseconds(stages.total?.p50 ?? 0)}</strong>per image, median of ${images}</li>
<li><strong>${report.imagesPerSecond.toPrecision(3)}</strong>images per second, one at a time</li>
<li><strong>${memory(peakMemory)}</strong>peak memory of the process</li>
<li><strong>${milliseconds(eventLoopP99)}</strong>event loop delay, 99th percentile</li>
</ul>
<p>${device}, ${dtype}; ${host.cpu}, ${host.cores} cores, ${host.platform}, Node ${host.node}; ${date.slice(0, 10)}.</p>
</header>`;
}

function stagesSection(report: BenchReport, rate: number | undefined): Html {
  const counted = countedStages(report);
  const there = benchStages.filter((stage) => report.stages[stage]);
  const most = Math.max(...there.map((stage) => report.stages[stage]!.p90));
  const limitOf = (stage: BenchStage): number | undefined =>
    rate !== undefined && counted[stage] !== undefined ? (1000 * counted[stage]) / rate : undefined;
  const rows = there.map((stage) => {
    const { p50, p90 } = report.stages[stage]!;
    return { label: meanings[stage], value: p50, spread: p90, limit: limitOf(stage), text: milliseconds(p50) };
  });
  const limits = rows.some(({ limit }) => limit !== undefined);
  return html`<h2 id="stages">Stages</h2>
<ul class="keys"><li><i></i>median</li><li><i class="spread"></i>ninth decile</li>${limits ? html`<li><i class="limit"></i>operations counted, at ${(rate! / 1e12).toPrecision(3)} TFLOP/s</li>` : undefined}</ul>
${bars(rows, most)}
<div class="scroll"><table>
<tr><th>stage</th><th>median, ms</th><th>ninth decile, ms</th><th>GFLOP, counted</th><th>TFLOP/s reached</th>${limits ? html`<th>times its limit</th>` : undefined}</tr>
${there.map((stage) => {
  const { p50, p90 } = report.stages[stage]!;
  const operations = counted[stage];
  const limit = limitOf(stage);
  return html`<tr><td>${meanings[stage]}</td><td>${p50.toFixed(1)}</td><td>${p90.toFixed(1)}</td><td>${operations === undefined ? '–' : (operations / 1e9).toFixed(0)}</td><td>${operations === undefined ? '–' : (operations / p50 / 1e9).toPrecision(3)}</td>${limits ? html`<td>${limit === undefined ? '–' : (p50 / limit).toPrecision(3)}</td>` : undefined}</tr>`;
})}
</table></div>`;
}

function batchesSection({ batches }: BenchReport): Html | undefined {
  if (!batches || batches.length === 0) return undefined;
  const most = Math.max(...batches.map(({ imagesPerSecond }) => imagesPerSecond));
  const rows = batches.map(({ batch, imagesPerSecond }) => ({
    label: `${batch} in a pass`,
    value: imagesPerSecond,
    text: `${imagesPerSecond.toPrecision(3)} images/s`,
  }));
  return html`<h2 id="batches">Several in one pass</h2>${bars(rows, most)}`;
}

function peersSection(report: BenchReport): Html | undefined {
  const { peers, stages, dtype, peakMemory } = report;
  if (!peers || peers.length === 0) return undefined;
  const ours = { name: `this library, ${dtype}`, seconds: stages.total!.p50 / 1000, peakMemory, other: false };
  const all = [ours, ...peers.map((peer) => ({ ...peer, name: `${peer.kind}, ${peer.dtype}`, other: true }))];
  const chart = (read: (one: (typeof all)[number]) => number, textOf: (value: number) => string): Html =>
    bars(
      all.map((one) => ({ label: one.name, value: read(one), text: textOf(read(one)), other: one.other })),
      Math.max(...all.map(read)),
    );
  return html`<h2 id="peers">Beside eager PyTorch</h2>
<p>The same weights, crops, timesteps and noise, in the same run; losses agree to ${Math.max(...peers.map((peer) => peer.largestLossDifference)).toExponential(0)}.</p>
<ul class="keys"><li><i></i>this library</li><li><i class="other"></i>eager PyTorch</li></ul>
<h3>Whole image</h3>${chart(
    ({ seconds }) => seconds,
    (seconds) => milliseconds(1000 * seconds),
  )}
<h3>Peak memory of the process</h3>${chart(({ peakMemory: bytes }) => bytes, memory)}`;
}

function settingsSection({ picture, categories, options, losses }: BenchReport): Html {
  const shown = Object.entries(options).map(
    ([key, value]) => html`<li>${key}: <code>${JSON.stringify(value)}</code></li>`,
  );
  const loss = losses.length > 0 ? ` Loss ${losses.map((one) => one.toFixed(5)).join(' to ')}.` : '';
  return html`<h2 id="settings">Settings</h2>
<p>An image of ${picture.width} × ${picture.height} and the names ${categories.join(', ')}.${loss}</p>
<details><summary>Options of the method</summary><ul class="settings">${shown}</ul></details>`;
}

const milliseconds = (value: number): string =>
  value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 100 ? 1 : 0)} ms`;
const memory = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(0)} MiB`;
