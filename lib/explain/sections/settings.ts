/** What the result was made with, and how long it took. */
import { isPlainObject } from '../../checks/index.js';
import { defaults } from '../../options/index.js';
import type { Html } from '../../page/index.js';
import { html, section } from '../../page/index.js';
import { seconds } from '../../words.js';
import type { Explanation } from '../types.js';

/** Options that this page sets by itself. */
const own: ReadonlySet<string> = new Set(['method']);

export function settingsSection({ invseg, runs, info }: Explanation): Html {
  const rows = runs.flatMap(({ method, result }) => {
    if (!result) return [];
    const { encode, inversion, predict, total } = result.timings;
    const rest = Math.max(0, total - encode - inversion - predict);
    return html`<tr><td>${method}</td>${[encode, inversion, predict, rest, total].map((value) => html`<td>${seconds(value)}</td>`)}</tr>
`;
  });
  const options = flat(invseg.options).filter(({ name }) => !own.has(name));
  const usual = new Map(flat(defaults).map(({ name, value }) => [name, value]));
  const changed = options.filter(({ name, value }) => usual.get(name) !== value);
  return section(
    'settings',
    'Settings and times',
    html`<p>Model ${info.model.name} ${info.model.version} on ${info.device} (${info.deviceName}), ${info.dtype}.
${invseg.prompts.length > 1 ? 'Prompts' : 'Prompt'}: ${invseg.prompts.map((text) => html`<q dir="auto">${text}</q> `)}</p>`,
    html`<table><thead><tr>${HEAD.map((name) => html`<th>${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
    html`<p class="soft">Encode: text and image. Rest: reading the image and, for invseg, the looks at the loop that this page
needs.</p>`,
    changed.length > 0
      ? html`<h3>Options that differ from the defaults</h3>${list(changed)}`
      : html`<p>Every option has its default.</p>`,
    html`<details><summary>All options</summary>${list(options)}</details>`,
  );
}

const HEAD = ['method', 'encode', 'loop', 'predict', 'rest', 'total'];

interface Row {
  name: string;
  value: string;
}

const list = (rows: readonly Row[]): Html =>
  html`<ul class="settings">${rows.map(({ name, value }) => html`<li>${name} <code>${value}</code></li>`)}</ul>`;

/** `{ crop: { min: 0.6 } }` → `crop.min` 0.6, as `--set` names it. */
function flat(group: object, prefix = ''): Row[] {
  return Object.entries(group).flatMap(([key, value]: [string, unknown]) => {
    const name = `${prefix}${key}`;
    if (isPlainObject(value)) return flat(value, `${name}.`);
    return [{ name, value: shown(value) }];
  });
}

function shown(value: unknown): string {
  if (typeof value === 'string' && value.trim() === value && value !== '') return value;
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'number' ? Number(inner.toPrecision(6)) : inner,
  );
}
