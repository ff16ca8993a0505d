/** What the indices of a mask stand for, inside the PNG itself: it then says which one is the background. */
import { InvSegError } from '../errors.js';
import { parseJson } from '../system/index.js';

/** What the indices of a label PNG stand for. */
export interface LabelNames {
  /** Names of index 0, 1, … */
  names: readonly string[];
  /** Index of the background; null where there is none. */
  background: number | null;
}

/** Keyword of the `tEXt` chunk (PNG specification 11.3.3). */
export const LABEL_NAMES = 'invseg-labels';

/** JSON of ASCII signs alone: the chunk has Latin-1, and names have any script. */
export function labelNamesText({ names, background }: LabelNames): string {
  const json = JSON.stringify({ names, background });
  return json.replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @throws {InvSegError} `MASK_INVALID` for anything but what `labelNamesText` writes */
export function parseLabelNames(text: string, file: string): LabelNames {
  try {
    const { names, background } = parseJson(text) as Partial<LabelNames>;
    const isList = Array.isArray(names) && names.length <= 255 && names.every((name) => typeof name === 'string');
    const isIndex = background === null || (Number.isInteger(background) && Object.hasOwn(names ?? [], background!));
    if (isList && isIndex) return { names, background: background! };
  } catch {
    // said below
  }
  throw new InvSegError(
    'MASK_INVALID',
    `${file}: its list of names (the chunk ${LABEL_NAMES}) cannot be read; write the mask anew, or without the chunk`,
  );
}

export interface Labelled<Colour> {
  /** Indices into `names`. */
  labels: Uint8Array;
  names: readonly string[];
  /** 256 colours. */
  palette: readonly Colour[];
}

/**
 * The order of PASCAL VOC and of the data set `folder`: the background, which comes last, becomes 0, the names before
 * it 1, 2, … Each keeps its colour.
 */
export function backgroundFirst<Colour>({ labels, names, palette }: Labelled<Colour>): Labelled<Colour> {
  const last = names.length - 1;
  const moved = (label: number): number => (label === last ? 0 : label < last ? label + 1 : label);
  const to = Uint8Array.from({ length: 256 }, (_, label) => moved(label));
  const colours = [...palette];
  palette.forEach((colour, label) => (colours[to[label]!] = colour));
  const reordered = [names[last]!, ...names.slice(0, last)];
  return { labels: labels.map((label) => to[label]!), names: reordered, palette: colours };
}
