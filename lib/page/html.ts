/** Templates that escape: text goes in as text, whatever it looks like. */
import { escapeXml } from '../draw/index.js';

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

export type Child = Html | string | number | undefined | readonly Child[];

/** What is put into the template is escaped, save the results of other templates; lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...children: Child[]): Html {
  return new Html(parts.map((part, i) => part + (i < children.length ? written(children[i]) : '')).join(''));
}

function written(child: Child): string {
  if (child === undefined) return '';
  if (child instanceof Html) return child.text;
  if (typeof child === 'object') return child.map(written).join('');
  return escapeXml(String(child));
}
