import type { Html } from '../page/index.js';
import { html } from '../page/index.js';

export interface Bar {
  label: string;
  value: number;
  /** Beside the bar. */
  text: string;
  /** A lighter end of the bar. */
  spread?: number;
  /** A mark across it. */
  limit?: number | undefined;
  /** Of others: another colour. */
  other?: boolean;
}

/** Bars from 0, one a row. @param most what the whole width stands for */
export function bars(rows: readonly Bar[], most: number): Html {
  const share = (value: number): string => `${Math.min(100, (100 * value) / most).toFixed(2)}%`;
  return html`<div class="bars">${rows.map(
    ({ label, value, text, spread, limit, other }) =>
      html`<span>${label}</span><span class="track">${
        spread === undefined ? undefined : html`<i class="spread" style="width:${share(spread)}"></i>`
      }<i${other ? html` class="other"` : undefined} style="width:${share(value)}"></i>${
        limit === undefined ? undefined : html`<i class="limit" style="left:${share(limit)}"></i>`
      }</span><span class="value">${text}</span>`,
  )}</div>`;
}
