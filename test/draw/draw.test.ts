import fc from 'fast-check';
import { decode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { glyphs } from '../../lib/draw/glyphs.js';
import { categoryPalette, drawOverlay, drawPanel, encodeLabels, shares, vocPalette } from '../../lib/draw/index.js';
import { drawLegend } from '../../lib/draw/legend.js';
import { resizeLabels, shownSize, tint } from '../../lib/draw/pixels.js';
import { escapeXml, textRun, wrapText } from '../../lib/draw/text.js';
import { backgroundFirst, LABEL_NAMES, parseLabelNames } from '../../lib/labels/label-names.js';
import { shareText } from '../../lib/words.js';

/** A grey picture with a square of category 0 in it; the last category is around it. */
function scene(width: number, height: number, categories = 3) {
  const rgb = new Uint8Array(width * height * 3).fill(128);
  const labels = new Uint8Array(width * height).fill(categories - 1);
  for (let y = 0; y < height / 2; y++) labels.fill(0, y * width, y * width + Math.ceil(width / 2));
  return { image: { rgb, width, height }, labels };
}

async function raw(png: Buffer) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { data, width: info.width, height: info.height, at };
}

describe('palette', () => {
  it("is VOC's", () => {
    const voc = vocPalette();
    expect(voc).toHaveLength(256);
    expect([0, 1, 2, 3, 4, 15, 20].map((i) => voc[i])).toEqual([
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [128, 128, 0],
      [0, 0, 128],
      [192, 128, 128],
      [0, 64, 128],
    ]);
    expect(voc[255]).toEqual([255, 255, 255]);
    expect(new Set(voc.map(String)).size).toBe(256);
  });

  it('gives the background, which comes last, black', () => {
    const palette = categoryPalette(3);
    expect(palette.slice(0, 3)).toEqual([
      [128, 0, 0],
      [0, 128, 0],
      [0, 0, 0],
    ]);
    expect(categoryPalette(255)[254]).toEqual([0, 0, 0]);
    expect(categoryPalette(255)[255]).toEqual([255, 255, 255]);
  });
});

describe('labels as PNG', () => {
  it('come back index for index', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.infiniteStream(fc.nat(255)),
        (w, h, values) => {
          const labels = Uint8Array.from({ length: w * h }, () => values.next().value as number);
          const png = decode(encodeLabels(labels, w, h, vocPalette()));
          expect([png.width, png.height, png.depth, png.channels]).toEqual([w, h, 8, 1]);
          expect(Buffer.compare(png.data as Uint8Array, labels)).toBe(0);
          expect(png.palette?.[1]).toEqual([128, 0, 0]);
          expect(png.palette).toHaveLength(256);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('are read as colours by others', async () => {
    const { at } = await raw(Buffer.from(encodeLabels(Uint8Array.of(0, 1, 2, 255), 2, 2, categoryPalette(3))));
    expect([at(0, 0), at(1, 0), at(0, 1), at(1, 1)]).toEqual([
      [128, 0, 0],
      [0, 128, 0],
      [0, 0, 0],
      [255, 255, 255],
    ]);
  });

  it('carry their names, in any script, and stay as they are for others', async () => {
    const named = { names: ['кошка', '猫 "x"\n', 'background'], background: 2 };
    const labels = Uint8Array.of(0, 1, 2, 255);
    const png = encodeLabels(labels, 2, 2, vocPalette(), named);
    expect(parseLabelNames(decode(png, { checkCrc: true }).text[LABEL_NAMES]!, 'x.png')).toEqual(named);
    expect(decode(png).data).toEqual(labels);
    expect(await sharp(png).metadata()).toMatchObject({ width: 2, height: 2 });
    for (const text of [
      '',
      '3',
      'null',
      '{"names": ["a"], "background": 1}',
      '{"names": [1], "background": null}',
      '{"background": 0}',
    ]) {
      expect(() => parseLabelNames(text, 'x.png'), text).toThrow(
        expect.objectContaining({ code: 'MASK_INVALID', message: expect.stringContaining('x.png') }),
      );
    }
  });

  it('with the background first are the same labels in the same colours', () => {
    const labels = Uint8Array.from({ length: 256 }, (_, i) => (i < 4 ? i : 255));
    const names = ['a', 'b', 'c', 'background'];
    const palette = categoryPalette(4, 'okabe-ito');
    const first = backgroundFirst({ labels, names, palette });
    expect(first.names).toEqual(['background', 'a', 'b', 'c']);
    for (const [i, label] of labels.entries()) {
      const moved = first.labels[i]!;
      expect(first.palette[moved], `${label}`).toEqual(palette[label]);
      expect(first.names[moved], `${label}`).toBe(names[label]);
    }
  });

  it('refuse a wrong size', () => {
    expect(() => encodeLabels(new Uint8Array(5), 2, 2, vocPalette())).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    );
  });
});

describe('sizes', () => {
  const limits = { most: 1024, least: 256 };
  it.each([
    [400, 300, 400, 300],
    [1, 1, 256, 256],
    [16, 16, 256, 256],
    [100, 50, 300, 150],
    [2048, 1024, 1024, 512],
    [20000, 10, 1024, 1],
  ])('%i × %i is shown as %i × %i', (width, height, w, h) => {
    expect(shownSize(width, height, limits)).toEqual({ width: w, height: h });
  });

  it('labels stay labels', () => {
    const out = resizeLabels(Uint8Array.of(0, 7, 3, 9), { width: 2, height: 2 }, { width: 4, height: 4 });
    expect([...out]).toEqual([0, 0, 7, 7, 0, 0, 7, 7, 3, 3, 9, 9, 3, 3, 9, 9]);
  });
});

describe('tint', () => {
  it('mixes the colour in, draws borders light and the background dark', () => {
    const { image, labels } = scene(8, 8);
    const { rgb } = tint(image, labels, categoryPalette(3), { background: 2, opacity: 0.5 });
    const at = (x: number, y: number) => [...rgb.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)];
    expect(at(1, 1)).toEqual([128, 64, 64]);
    expect(at(3, 1)).toEqual([236, 236, 236]);
    expect(at(6, 6)).toEqual([83, 83, 83]);
  });
});

describe('text', () => {
  const style = { size: 15, colour: '#000000' };

  it('has a stroke for every printable ASCII character', () => {
    for (let code = 33; code < 127; code++)
      expect(glyphs[String.fromCharCode(code)]?.[1], String.fromCharCode(code)).toMatch(/^M/);
  });

  it.each(['cat', 'potted plant', 'Zoë Łódź', '<b>&"\'', '猫', 'кошка', '🐱', '\u{10ffff}'])(
    '%s leaves ink',
    async (text) => {
      const run = await textRun(text, style);
      const page = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="30"><rect width="300" height="30" fill="#fff"/><g transform="translate(4 20)">${run.svg}</g></svg>`;
      const { data, width } = await raw(await sharp(Buffer.from(page)).png().toBuffer());
      let ink = 0;
      let right = 0;
      data.forEach((value, i) => {
        if (value < 128) [ink, right] = [ink + 1, Math.max(right, Math.floor(i / 3) % width)];
      });
      expect(ink).toBeGreaterThan(20);
      expect(right).toBeLessThanOrEqual(4 + run.width + 2); // its width is true
      expect(right).toBeGreaterThan(run.width - 4);
    },
  );

  it('breaks lines without losing a letter', async () => {
    const name = 'a name that is far too long for one line and hasonewordthatislongerthanalinecanbeinanycase';
    const lines = await wrapText(name, 120, style);
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) expect(line.width).toBeLessThanOrEqual(120);
    const letters = name.replaceAll(' ', '').length;
    const drawn = lines.map((line) => line.svg.match(/<path/g)?.length ?? 0).reduce((a, b) => a + b, 0);
    expect(drawn).toBe(letters);
  });

  it('escapes what XML reserves and drops what it forbids', () => {
    expect(escapeXml('<a href="x">&\u0000\u0008</a>')).toBe('&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;');
  });
});

describe('legend', () => {
  it('keeps within the width and grows downwards', async () => {
    const items = Array.from({ length: 40 }, (_, i) => ({
      colour: vocPalette()[i + 1]!,
      text: `category number ${i} 2.5 %`,
    }));
    const wide = await drawLegend(items, 800);
    const narrow = await drawLegend(items, 230);
    expect(narrow.height).toBeGreaterThan(wide.height);
    expect(narrow.height).toBe(40 * 22);
  });
});

describe('overlay', () => {
  it.each([
    [1, 1],
    [16, 16],
    [300, 200],
    [1500, 700],
    [3, 900],
  ])('of %i × %i shows the colours and a legend', async (width, height) => {
    const { image, labels } = scene(width, height);
    const shown = shownSize(width, height, { most: 1024, least: 300 });
    const page = await raw(await drawOverlay({ image, labels, categories: ['cat', 'dog', 'background'] }));
    expect(page.width).toBe(Math.max(260, shown.width) + 20);
    const left = Math.floor((page.width - shown.width) / 2);
    // 128 grey with 55 % of (128, 0, 0)
    if (shown.width > 8)
      expect(page.at(left + Math.floor(shown.width / 8), 10 + Math.floor(shown.height / 8))).toEqual([128, 58, 58]);
    const under = page.data.subarray(page.width * 3 * (20 + shown.height));
    expect(under.filter((value) => value < 100).length).toBeGreaterThan(150); // letters
    expect(Math.max(...page.data.subarray(0, page.width * 3))).toBe(255);
  });

  it('grows with long names instead of cutting them', async () => {
    const { image, labels } = scene(64, 64);
    const short = await raw(await drawOverlay({ image, labels, categories: ['cat', 'dog', 'background'] }));
    const long = await raw(await drawOverlay({ image, labels, categories: ['x'.repeat(300), 'dog', 'background'] }));
    expect(long.width).toBe(short.width);
    expect(long.height).toBeGreaterThan(short.height + 100);
  });

  it('refuses labels of another size', async () => {
    const { image } = scene(4, 4);
    const call = drawOverlay({ image, labels: new Uint8Array(3), categories: ['a', 'b'] });
    await expect(call).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
  });
});

describe('panel', () => {
  it('puts picture and results side by side', async () => {
    const { image, labels } = scene(300, 200);
    const columns = [
      { title: 'baseline', labels },
      { title: 'InvSeg', labels: new Uint8Array(labels.length).fill(1) },
    ];
    const page = await raw(await drawPanel({ image, columns, categories: ['cat', 'dog', 'background'] }));
    expect(page.width).toBe(12 + 3 * 312);
    const y = 60;
    expect([page.at(30, y), page.at(12 + 312 + 18, y), page.at(12 + 624 + 18, y)]).toEqual([
      [128, 128, 128],
      [128, 58, 58],
      [58, 128, 58],
    ]);
    const title = page.data.subarray(0, page.width * 3 * 30);
    expect(title.filter((value) => value < 100).length).toBeGreaterThan(100);
  });
});

describe('shares', () => {
  it('add up, and tell little from nothing', () => {
    expect(shares(Uint8Array.of(0, 1, 1, 2), 3)).toEqual([0.25, 0.5, 0.25]);
    expect([0, 0.0001, 0.0006, 0.25, 1].map(shareText)).toEqual(['0.0 %', '<0.1 %', '0.1 %', '25.0 %', '100.0 %']);
  });
});
