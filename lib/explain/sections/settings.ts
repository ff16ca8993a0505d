/** What the result was made with, and how long it took. */
import { defaults } from '../../options/index.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import { section } from '../parts.js';
import type { Explanation } from '../types.js';
import { seconds } from '../words.js';

/** Options that this page sets by itself. */
const own: ReadonlySet<string> = new Set(['method', 'saveMaps', 'compareLoss']);

export function settingsSection({ invseg, runs, info }: Explanation): Html {
  const rows = runs.flatMap(({ method, result }) => {
    if (!result) return [];
    const { encode, inversion, predict, total } = result.timings;
    const rest = Math.max(0, total - encode - inversion - predict);
    return html`<tr><td>${method}</td>${[encode, inversion, predict, rest, total].map((value) => html`<td>${seconds(value)}</td>`)}</tr>
`;
  });
  const options = Object.entries(invseg.options).filter(([name]) => !own.has(name));
  return section(
    'settings',
    'Settings and times',
    html`<p>Model ${info.model.name} ${info.model.version} on ${info.device} (${info.deviceName}), ${info.dtype}. ${invseg.prompts.length > 1 ? 'Prompts' : 'Prompt'}: ${invseg.prompts.map((text, i) => html`${i > 0 ? ' | ' : ''}<q dir="auto">${text}</q>`)}.</p>`,
    html`<table><thead><tr><th>method</th><th>encode</th><th>loop</th><th>predict</th><th>rest</th><th>total</th></tr></thead><tbody>${rows}</tbody></table>`,
    html`<p class="soft">Encode: text and picture. Rest: reading the picture and, for invseg, the looks at the loop that this page needs.</p>`,
    html`<h3>Options</h3><ul class="settings">${options.map(([name, value]) => {
      const changed = JSON.stringify(value) !== JSON.stringify(defaults[name as keyof typeof defaults]);
      return html`<li${changed ? html` class="changed"` : undefined}>${name}: <code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>${changed ? ' (not the default)' : undefined}</li>`;
    })}</ul>`,
  );
}
