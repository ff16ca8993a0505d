import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whereabouts } from '../../lib/explain/anchors.js';
import { fileStem } from '../../lib/page/album.js';
import { lineChart, niceTicks } from '../../lib/page/chart.js';
import { Html, html } from '../../lib/page/html.js';
import { figure } from '../../lib/words.js';

describe('html', () => {
  it('escapes what is put in, and only that', () => {
    const name = `<script>alert('1')</script> & "2"`;
    const inner = html`<b title="${name}">${name}</b>`;
    expect(html`<p>${[inner, 3]}${undefined}</p>`.text).toBe(
      '<p><b title="&lt;script&gt;alert(&apos;1&apos;)&lt;/script&gt; &amp; &quot;2&quot;">' +
        '&lt;script&gt;alert(&apos;1&apos;)&lt;/script&gt; &amp; &quot;2&quot;</b>3</p>',
    );
  });

  it('lets no text open a tag or leave an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(html`${text}`.text).not.toMatch(/[<>"'\u0000]/);
      }),
    );
    expect(html`${new Html('<i>')}`.text).toBe('<i>');
  });
});

describe('file names', () => {
  it.each([
    ['potted plant', '1-potted-plant'],
    ['../../etc/passwd', '1-etc-passwd'],
    ['Zoë', '1-zoe'],
    ['猫', '1'],
    ['x'.repeat(300), `1-${'x'.repeat(40)}`],
  ])('%s → %s', (name, stem) => expect(fileStem(0, name)).toBe(stem));
});

describe('chart', () => {
  it.each([
    [-2.4, 0.34],
    [0, 1e-7],
    [5, 5],
    [-1e6, 3],
    [0, 0],
  ])('has round ticks around %d … %d', (low, high) => {
    const ticks = niceTicks(low, high, 6);
    expect(ticks[0]).toBeLessThanOrEqual(low);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(high);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThan(9);
  });

  it('keeps every coordinate inside, whatever the values', () => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const chart = lineChart(
          [
            { name: 'a', values: a },
            { name: 'b', values: b },
          ],
          Math.max(a.length, b.length),
          'two',
          { width: 300, height: 200 },
        );
        for (const [, x, y] of chart.text.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
          expect(Number(x)).toBeGreaterThanOrEqual(0);
          expect(Number(x)).toBeLessThanOrEqual(300);
          expect(Number(y)).toBeGreaterThanOrEqual(0);
          expect(Number(y)).toBeLessThanOrEqual(200);
        }
        expect(chart.text).not.toMatch(/NaN|Infinity/);
      }),
    );
  });
});

describe('words', () => {
  it('places', () => {
    expect([
      whereabouts({ x: 0.1, y: 0.1 }),
      whereabouts({ x: 0.5, y: 0.5 }),
      whereabouts({ x: 0.9, y: 0.5 }),
      whereabouts({ x: 0.5, y: 0.9 }),
    ]).toEqual(['in the upper left', 'in the centre', 'on the right', 'in the lower middle']);
  });

  it('figures', () => {
    expect([figure(-2.23719), figure(0.0042401, 2), figure(0), figure(12345.6), figure(NaN)]).toEqual([
      '−2.237',
      '0.0042',
      '0',
      '12346',
      'not finite',
    ]);
  });
});
