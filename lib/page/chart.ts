/** Lines over steps as SVG. Colours are the page's (classes `line-0` …), so that they fit light and dark. */

import { figure } from '../words.js';
import type { Html } from './html.js';
import { html } from './html.js';

export interface Series {
  name: string;
  /** One value a step, from step 1. */
  values: readonly number[];
}

export interface ChartSize {
  width: number;
  height: number;
}

const LEFT = 52;
const RIGHT = 14;
const TOP = 34;
const BOTTOM = 44;
/** Half the size of a marker. */
const DOT = 3.2;

/** @param label for who does not see it @param steps of the axis, at least 1 */
export function lineChart(series: readonly Series[], steps: number, label: string, { width, height }: ChartSize): Html {
  const all = series.flatMap(({ values }) => values);
  const ticks = niceTicks(Math.min(...all), Math.max(...all), 6);
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const x = (step: number): number => round(LEFT + ((width - LEFT - RIGHT) * (step - 0.5)) / steps);
  const y = (value: number): number =>
    round(height - BOTTOM - ((height - TOP - BOTTOM) * (value - low)) / (high - low));
  const every = Math.ceil(steps / Math.floor((width - LEFT - RIGHT) / 30));
  const marked = Array.from({ length: steps }, (_, i) => i + 1).filter((step) => step === 1 || step % every === 0);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${ticks.map((tick) => html`<path class="rule" d="M${LEFT} ${y(tick)}H${width - RIGHT}"/>`)}
${ticks.map((tick) => text('end', LEFT - 7, y(tick) + 4, minus(tick, ticks)))}
${marked.map((step) => text('mid', x(step), height - BOTTOM + 18, `${step}`))}
${text('mid', round((LEFT + width - RIGHT) / 2), height - 6, 'step')}
<path class="axis" d="M${LEFT} ${TOP}V${height - BOTTOM}H${width - RIGHT}"/>
${legend(series)}
${series.map(({ name, values }, i) => {
  const places = values.map((value, at) => ({
    left: x(at + 1),
    top: y(value),
    about: `${name}, step ${at + 1}: ${figure(value)}`,
  }));
  const line = places.map(({ left, top }, at) => `${at === 0 ? 'M' : 'L'}${left} ${top}`).join('');
  const dots = places.map(({ left, top, about }) => dot(i, left, top, about));
  return html`<path class="line line-${i}" d="${line}"/>${dots}`;
})}
</svg>`;
}

const text = (place: string, x: number, y: number, content: string): Html =>
  html`<text class="tick ${place}" x="${x}" y="${y}">${content}</text>`;

const dot = (index: number, x: number, y: number, about?: string): Html =>
  html`<path class="dot line-${index}" d="${marker(index, x, y)}">${about && html`<title>${about}</title>`}</path>`;

/** From the left; a letter is taken as 7.4 wide, which is wider than any small one on average. */
function legend(series: readonly Series[]): Html[] {
  let left = LEFT;
  return series.map(({ name }, i) => {
    const at = left;
    left += 26 + name.length * 7.4 + 12;
    return html`<path class="line line-${i}" d="M${at} 14H${at + 20}"/>${dot(i, at + 10, 14)}${text('', at + 26, 18, name)}`;
  });
}

/** Circle, square, triangle: told apart without colour. */
function marker(index: number, x: number, y: number): string {
  const [left, right, top, bottom] = [x - DOT, x + DOT, y - DOT, y + DOT].map(round);
  if (index % 3 === 0) return `M${left} ${y}a${DOT} ${DOT} 0 1 0 ${2 * DOT} 0a${DOT} ${DOT} 0 1 0 ${-2 * DOT} 0Z`;
  if (index % 3 === 1) return `M${left} ${top}H${right}V${bottom}H${left}Z`;
  return `M${x} ${top}L${right} ${bottom}H${left}Z`;
}

/** Round numbers that enclose low and high, at most about `most` of them. */
export function niceTicks(low: number, high: number, most: number): number[] {
  const span = Math.max(high - low, Math.abs(high) * 1e-3, 1e-6);
  const rough = span / (most - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const [first, last] = [Math.floor(low / step), Math.ceil((low + span) / step)];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** As many decimals as the ticks need. */
function minus(tick: number, ticks: readonly number[]): string {
  const decimals = Math.max(...ticks.map((value) => (String(value).split('.')[1] ?? '').length));
  return tick.toFixed(Math.min(decimals, 6)).replace('-', '−');
}

const round = (value: number): number => Math.round(value * 10) / 10;
