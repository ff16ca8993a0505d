/** The names, colours and numbers under a picture. */

import type { Colour } from './colour.js';
import { hex } from './colour.js';
import type { TextRun } from './text.js';
import { wrapText } from './text.js';

export interface LegendItem {
  colour: Colour;
  /** Name and numbers as they are shown. */
  text: string;
}

/** An SVG fragment with its origin at the top left. */
export interface Block {
  svg: string;
  height: number;
}

const SIZE = 15; // letters, in pixels
const LINE = 22;
const SWATCH = 14;
const INDENT = SWATCH + 7;
const COLUMN_GAP = 22;
const INK = '#1f2328';
/** librsvg draws nothing beyond 32,767 pixels. */
const MOST_HEIGHT = 16_000;

/** Items side by side as far as they fit; a name that is wider than the picture goes over several lines, none is cut. */
export async function drawLegend(items: readonly LegendItem[], width: number): Promise<Block> {
  const parts: string[] = [];
  let x = 0;
  let y = 0;
  for (const [index, { colour, text }] of items.entries()) {
    if (y > MOST_HEIGHT) {
      parts.push(
        ...(await wrapText(`… ${items.length - index} more`, width, { size: SIZE, colour: INK })).map(at(0, y)),
      );
      y += LINE;
      break;
    }
    const lines = await wrapText(text, Math.max(1, width - INDENT), { size: SIZE, colour: INK });
    const wide = INDENT + Math.max(...lines.map((line) => line.width));
    if (x > 0 && x + wide > width) [x, y] = [0, y + LINE];
    parts.push(
      `<rect x="${x + 0.5}" y="${y + 3.5}" width="${SWATCH - 1}" height="${SWATCH - 1}" rx="2" ` +
        `fill="${hex(colour)}" stroke="#6e7781"/>`,
      ...lines.map(at(x + INDENT, y)),
    );
    if (lines.length > 1) [x, y] = [0, y + LINE * lines.length];
    else x += Math.ceil(wide) + COLUMN_GAP;
  }
  return { svg: parts.join(''), height: x > 0 ? y + LINE : y };
}

/** A centred title of as many lines as it needs. */
export async function drawTitle(text: string, width: number): Promise<Block> {
  const lines = await wrapText(text, width, { size: SIZE + 1, colour: INK, weight: 0.125 });
  const svg = lines.map((line, i) => at(Math.max(0, (width - line.width) / 2), 0)(line, i)).join('');
  return { svg, height: lines.length * LINE };
}

const at =
  (x: number, y: number) =>
  (run: TextRun, line: number): string =>
    `<g transform="translate(${Math.round(x * 10) / 10} ${y + line * LINE + 16})">${run.svg}</g>`;
