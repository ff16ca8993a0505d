import { expect, it } from 'vitest';
import { html } from '../../lib/page/index.js';

it.each([
  ['a <b> & "c"', 'a &lt;b&gt; &amp; &quot;c&quot;'],
  [3.5, '3.5'],
  [undefined, ''],
  [[1, [undefined, '<']], '1&lt;'],
  [html`<i>${'<'}</i>`, '<i>&lt;</i>'],
])('puts %j in as %s', (child, text) => {
  expect(html`[${child}]`.text).toBe(`[${text}]`);
});
