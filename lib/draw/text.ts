/** Text as SVG paths, from the stroke font; scripts it does not know come from the system's fonts, or as code points. */
import sharp from 'sharp';
import { belowMarks, glyphs, marks } from './glyphs.js';

/** A line of text ready to draw: an SVG fragment with the origin at the left end of its base line. */
export interface TextRun {
  readonly width: number;
  readonly svg: string;
}

export interface TextStyle {
  /** Height of a line's letters, in pixels: from the top of capitals to the lowest point. */
  size: number;
  colour: string;
  /** Pen width as a share of the size; 0.1 is regular, 0.13 bold. */
  weight?: number;
}

const BASELINE = 14;
const GRID = 18.2; // top of capitals to the lowest point
const GAP = 3;

interface Placed {
  path: string;
  x: number;
  y: number;
}

/** Glyphs of `text` with their places, and the advance; undefined where the font lacks one. */
function place(text: string): { placed: Placed[]; width: number } | undefined {
  const placed: Placed[] = [];
  let x = 0;
  let base = { left: 0, width: 0, top: 0 };
  for (const char of text.normalize('NFD').replace(/\s/gu, ' ')) {
    const mark = marks[char];
    if (mark !== undefined) {
      const y = belowMarks.has(char) ? 0 : base.top;
      placed.push({ path: mark, x: base.left + base.width / 2, y });
      base = { ...base, top: base.top - (belowMarks.has(char) ? 0 : 4) }; // the next mark stands above this one
      // The dot of an i gives way to its mark.
      const letter = placed.at(-2);
      if (letter && letter.path === glyphs['i']?.[1]) letter.path = glyphs['ı']![1];
      if (letter && letter.path === glyphs['j']?.[1]) letter.path = glyphs['ȷ']![1];
      continue;
    }
    const glyph = glyphs[char];
    if (!glyph) return undefined;
    const [width, path] = glyph;
    // Small letters without an ascender carry their marks lower.
    base = { left: x, width, top: /^[a-zıȷœæø]$/u.test(char) && !'bdfhkl'.includes(char) ? 4 : 0 };
    if (path !== '') placed.push({ path, x, y: 0 });
    x += width + GAP;
  }
  return { placed, width: Math.max(0, x - GAP) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function strokeRun(text: string, { size, colour, weight = 0.1 }: TextStyle): TextRun | undefined {
  const line = place(text);
  if (!line) return undefined;
  const scale = size / GRID;
  const pen = weight * GRID;
  const groups = line.placed.map(
    ({ path, x, y }) => `<path transform="translate(${round(x + pen / 2)} ${y})" d="${path}"/>`,
  );
  const svg =
    `<g transform="scale(${round(scale * 1000) / 1000}) translate(0 ${-BASELINE})" fill="none" stroke="${colour}" ` +
    `stroke-width="${round(pen)}" stroke-linecap="round" stroke-linejoin="round">${groups.join('')}</g>`;
  return { width: (line.width + pen) * scale, svg };
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** For XML text and attributes; characters that XML forbids are dropped. */
export function escapeXml(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (char) => escapes[char]!);
}

/** The ink of an SVG text fragment whose base line begins at (size, 2 · size): a mask of 0 and 1, row by row. */
async function renderInk(svg: string, size: number, chars: number): Promise<{ ink: Uint8Array; width: number }> {
  const width = Math.ceil(Math.min(16_000, size * (2 + 2 * chars)));
  const page =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${Math.ceil(size * 3)}">` +
    `<g transform="translate(${size} ${size * 2})">${svg}</g></svg>`;
  const { data, info } = await sharp(Buffer.from(page))
    .ensureAlpha()
    .extractChannel(3)
    .threshold(32)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ink: data, width: info.width };
}

const systemText = (text: string, { size, colour }: TextStyle): string =>
  `<text font-family="sans-serif" font-size="${size}" fill="${colour}" text-rendering="geometricPrecision">` +
  `${escapeXml(text)}</text>`;

let fonts: Promise<boolean> | undefined;

/** Without any font, librsvg draws the same empty box for every letter (or nothing). */
function systemHasFonts(): Promise<boolean> {
  fonts ??= (async () => {
    const style = { size: 16, colour: '#000' };
    const [narrow, wide] = await Promise.all(['i', 'W'].map((text) => renderInk(systemText(text, style), 16, 1)));
    return Buffer.compare(narrow!.ink, wide!.ink) !== 0;
  })();
  return fonts;
}

/** Text in the system's fonts, measured by its ink; undefined where there are none. */
async function systemRun(text: string, style: TextStyle): Promise<TextRun | undefined> {
  if (!(await systemHasFonts())) return undefined;
  const svg = systemText(text, style);
  const { ink, width } = await renderInk(svg, style.size, [...text].length);
  let right = -1;
  ink.forEach((value, i) => {
    if (value > 0) right = Math.max(right, i % width);
  });
  return right < 0 ? undefined : { width: Math.max(1, right + 1 - style.size), svg };
}

/** Each character as its code point. */
function spellOut(text: string): string {
  return Array.from(text, (char) => `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`).join(' ');
}

const split = (text: string): string[] => Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);

/** Always draws something readable: our strokes where they know the letter, else the system's font, else code points. */
export async function textRun(text: string, style: TextStyle): Promise<TextRun> {
  const whole = strokeRun(text, style);
  if (whole) return whole;
  // Neighbours of the same kind go together: scripts that join their letters need that.
  const parts: { text: string; known: boolean }[] = [];
  for (const letter of split(text)) {
    const known = place(letter) !== undefined;
    const last = parts.at(-1);
    if (last?.known === known) last.text += letter;
    else parts.push({ text: letter, known });
  }
  const svg: string[] = [];
  let x = 0;
  for (const part of parts) {
    const own = part.known ? part.text : spellOut(part.text);
    const run = (!part.known && (await systemRun(part.text, style))) || strokeRun(own, style)!;
    svg.push(`<g transform="translate(${round(x)} 0)">${run.svg}</g>`);
    x += run.width + (GAP * style.size) / GRID;
  }
  return { width: x - (GAP * style.size) / GRID, svg: svg.join('') };
}

/** Lines of at most `width` pixels, broken at spaces where there are any, else between characters. Nothing is cut off. */
export async function wrapText(text: string, width: number, style: TextStyle): Promise<TextRun[]> {
  const whole = await textRun(text, style);
  const chars = split(text);
  if (whole.width <= width || chars.length <= 1) return [whole];
  // Most of a line is found by proportion, then shortened until it fits.
  let end = Math.max(1, Math.min(chars.length - 1, Math.floor((chars.length * width) / whole.width)));
  let line = await textRun(chars.slice(0, end).join(''), style);
  while (line.width > width && end > 1) line = await textRun(chars.slice(0, --end).join(''), style);
  const space = chars.lastIndexOf(' ', end);
  if (space > 0) {
    end = space;
    line = await textRun(chars.slice(0, end).join(''), style);
  }
  return [line, ...(await wrapText(chars.slice(end).join('').trimStart(), width, style))];
}
