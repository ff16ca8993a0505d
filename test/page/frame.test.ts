import { describe, expect, it } from 'vitest';
import { framed, html } from '../../lib/page/index.js';

const HOSTILE = `</title><script>alert('1')</script>"`;

describe('a framed page', () => {
  const page = framed({
    title: HOSTILE,
    style: 'p { color: red; }',
    lead: html`<header>${HOSTILE}</header>`,
    sections: [html`<section>first</section>`, undefined, html`<section>second</section>`],
    note: HOSTILE,
  });

  it('lets a browser load and run nothing', () => {
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)!;
    expect(policy!.replaceAll('&apos;', "'").replaceAll('&#39;', "'").split('; ')).toEqual([
      "default-src 'none'",
      'img-src data:',
      "style-src 'unsafe-inline'",
    ]);
    // The policy has to come before all that it is to hold for.
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
  });

  it('shows every text as text', () => {
    expect(page).not.toContain('<script>');
    expect(page.match(/&lt;script&gt;/g)).toHaveLength(3);
    expect(page.match(/<\/title>/g)).toHaveLength(1);
  });

  it('has its sections in order, and leaves out what there is none of', () => {
    expect(page).toMatch(/<main>\n<section>first<\/section><section>second<\/section><\/main>/);
    expect(page).not.toContain('undefined');
  });
});
