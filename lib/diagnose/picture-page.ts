/** A diagnosis as one picture: for every variant whether the loss points at the truth, and what the loop does to the masks. */
import { drawPage, wrapText } from '../draw/index.js';
import type { Estimate } from '../scores/index.js';
import { checkDiagnosis } from './markdown.js';
import type { Diagnosis, VariantFinding } from './types.js';
import { verdict } from './verdict.js';

const INK = '#1f2328';
const GREY = '#6e7781';
const LINE = '#d0d7de';
const GOOD = '#0072b2';
const BAD = '#d55e00';
const OPEN = '#6e7781';
const ROW = 24;
const NAME = 190;
const PANEL = 300;
const GAP = 50;
const PADDING = 20;
const SIZE = 14;

interface Scale {
  low: number;
  high: number;
  ticks: number[];
  label(value: number): string;
  /** Where neither good nor bad is. */
  middle: number;
}

/**
 * Draws a diagnosis as one image: for every variant whether the loss points at the truth, and what the loop does to
 * the masks.
 *
 * @param diagnosis of `diagnose`
 * @returns bytes of a PNG
 * @throws {InvSegError} `INVALID_OPTION` for what is none
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { defaultVariants, diagnose, drawDiagnosis } from 'invseg-native/explain';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const variants = defaultVariants.slice(0, 1);
 * await writeFile('diagnosis.png', await drawDiagnosis(await diagnose(segmenter, { dataset, sample: 2, variants })));
 * ```
 */
export async function drawDiagnosis(diagnosis: Diagnosis): Promise<Buffer> {
  checkDiagnosis(diagnosis);
  const variants = diagnosis.variants.filter(({ loss, masks }) => loss ?? masks);
  const withMasks = variants.some(({ masks }) => masks);
  const width = 2 * PADDING + NAME + PANEL + (withMasks ? GAP + PANEL : 0);
  const { name, version } = diagnosis.model;
  const title = await paragraph(
    `${name} ${version}, ${diagnosis.ids.length} images. ${verdict(diagnosis).replaceAll('\n', ' ')}`,
    width - 2 * PADDING,
  );
  const top = PADDING + title.height + 70;
  const bottom = top + variants.length * ROW;
  const shares: Scale = {
    low: 0,
    high: 1,
    ticks: [0, 0.25, 0.5, 0.75, 1],
    label: (value) => `${100 * value} %`,
    middle: 0.5,
  };
  const left = PADDING + NAME;
  const parts = [
    `<g transform="translate(${PADDING} ${PADDING})">${title.svg}</g>`,
    ...(await Promise.all(
      variants.map(async (variant, row) => {
        const [line] = await wrapText(variant.name, NAME - 10, { size: SIZE, colour: INK });
        const y = top + row * ROW;
        const band =
          row % 2 === 0
            ? `<rect x="${PADDING}" y="${y}" width="${width - 2 * PADDING}" height="${ROW}" fill="#f6f8fa"/>`
            : '';
        return `${band}<g transform="translate(${PADDING + 4} ${y + 17})">${line!.svg}</g>`;
      }),
    )),
    await panel(
      'Images whose truth has a lower loss than the hard prediction',
      left,
      top,
      bottom,
      shares,
      variants,
      ({ loss }) => loss?.truthBelowHard,
    ),
  ];
  if (withMasks) {
    const scale = differenceScale(variants);
    parts.push(
      await panel(
        'Change of mIoU by the loop, in points',
        left + PANEL + GAP,
        top,
        bottom,
        scale,
        variants,
        ({ masks }) => masks?.difference,
      ),
    );
  }
  const legend = await keys(width - 2 * PADDING);
  parts.push(`<g transform="translate(${PADDING} ${bottom + 40})">${legend.svg}</g>`);
  return drawPage(width, bottom + 40 + legend.height + PADDING, [], parts.join(''));
}

/** Symmetric about 0, to the next full point beyond every interval. */
function differenceScale(variants: readonly VariantFinding[]): Scale {
  const ends = variants
    .flatMap(({ masks }) => (masks ? [masks.difference.low, masks.difference.high, masks.difference.value] : []))
    .filter((value) => !Number.isNaN(value));
  const most = Math.max(0.01, Math.ceil(100 * Math.max(...ends.map(Math.abs))) / 100);
  return {
    low: -most,
    high: most,
    ticks: [-most, -most / 2, 0, most / 2, most],
    label: (value) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(Math.round(1000 * value) / 10)}`,
    middle: 0,
  };
}

async function panel(
  title: string,
  left: number,
  top: number,
  bottom: number,
  scale: Scale,
  variants: readonly VariantFinding[],
  of: (finding: VariantFinding) => Estimate | undefined,
): Promise<string> {
  const x = (value: number): number => left + ((value - scale.low) / (scale.high - scale.low)) * PANEL;
  const parts: string[] = [];
  const head = await wrapText(title, PANEL, { size: SIZE, colour: INK, weight: 0.125 });
  head.forEach((line, i) => parts.push(`<g transform="translate(${left} ${top - 52 + 18 * i})">${line.svg}</g>`));
  for (const tick of scale.ticks) {
    const [label] = await wrapText(scale.label(tick), 80, { size: 12, colour: GREY });
    const strong = tick === scale.middle;
    parts.push(
      `<path d="M${x(tick)} ${top}V${bottom}" stroke="${strong ? GREY : LINE}" stroke-width="${strong ? 1.5 : 1}"/>`,
      `<g transform="translate(${x(tick) - label!.width / 2} ${bottom + 17})">${label!.svg}</g>`,
    );
  }
  variants.forEach((variant, row) => {
    const estimate = of(variant);
    if (!estimate) return;
    const { value, low, high } = estimate;
    const y = top + row * ROW + ROW / 2;
    const colour = low > scale.middle ? GOOD : high < scale.middle ? BAD : OPEN;
    if (!Number.isNaN(low)) parts.push(`<path d="M${x(low)} ${y}H${x(high)}" stroke="${colour}" stroke-width="3"/>`);
    parts.push(`<circle cx="${x(value)}" cy="${y}" r="5" fill="${colour}"/>`);
  });
  return parts.join('');
}

async function keys(width: number): Promise<{ svg: string; height: number }> {
  const items: [string, string][] = [
    [GOOD, 'the whole 95 % interval is on the good side'],
    [BAD, 'the whole interval is on the bad side'],
    [OPEN, 'cannot be told'],
  ];
  let [x, y] = [0, 0];
  const parts: string[] = [];
  for (const [colour, text] of items) {
    const [line] = await wrapText(text, width, { size: SIZE, colour: INK });
    if (x > 0 && x + 40 + line!.width > width) [x, y] = [0, y + 22];
    parts.push(
      `<path d="M${x} ${y + 9}h24" stroke="${colour}" stroke-width="3"/><circle cx="${x + 12}" cy="${y + 9}" r="5" fill="${colour}"/>`,
      `<g transform="translate(${x + 32} ${y + 14})">${line!.svg}</g>`,
    );
    x += 32 + line!.width + 26;
  }
  return { svg: parts.join(''), height: y + 22 };
}

async function paragraph(text: string, width: number): Promise<{ svg: string; height: number }> {
  const lines = await wrapText(text, width, { size: 15, colour: INK });
  const svg = lines.map((line, i) => `<g transform="translate(0 ${15 + 21 * i})">${line.svg}</g>`).join('');
  return { svg, height: 21 * lines.length };
}
