/**
 * Labels where the background is no class of the data set (Context59). Every prompt names the background, so a pixel can be
 * given to it; the protocol has the highest of the other names there.
 */

import { neighbours } from '../labels/index.js';
import { UNASSIGNED } from '../scores/index.js';
import type { CategoryMaps } from '../segmenter/index.js';

export interface Foreground {
  /** [height × width] index into the names, the background last. */
  labels: Uint8Array;
  width: number;
  height: number;
  /** Refined maps of the names, the background last. */
  maps: CategoryMaps | undefined;
  order: 'resize-first' | 'argmax-first';
}

/**
 * The same labels with every pixel of the background given to the best other name: the first of the highest of the maps,
 * enlarged as the engine enlarges them. Without maps, or without another name, such a pixel is `UNASSIGNED`.
 */
export function withoutBackground({ labels, width, height, maps, order }: Foreground, names: number): Uint8Array {
  const out = Uint8Array.from(labels);
  const best =
    maps && names > 0
      ? order === 'resize-first'
        ? bilinear(maps, names, width, height)
        : nearest(maps, names, width, height)
      : undefined;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (out[i]! >= names) out[i] = best ? best(x, y) : UNASSIGNED;
    }
  }
  return out;
}

type Best = (x: number, y: number) => number;

function bilinear({ data, size }: CategoryMaps, names: number, width: number, height: number): Best {
  const columns = Array.from({ length: width }, (_, x) => neighbours(x, width, size));
  const rows = Array.from({ length: height }, (_, y) => neighbours(y, height, size));
  return (x, y) => {
    const [column, row] = [columns[x]!, rows[y]!];
    const [top, bottom] = [row.low * size, row.high * size];
    let best = 0;
    let most = -Infinity;
    for (let name = 0, at = 0; name < names; name++, at += size * size) {
      const upper = data[at + top + column.low]! * (1 - column.share) + data[at + top + column.high]! * column.share;
      const lower =
        data[at + bottom + column.low]! * (1 - column.share) + data[at + bottom + column.high]! * column.share;
      const value = upper * (1 - row.share) + lower * row.share;
      if (value > most) [best, most] = [name, value];
    }
    return best;
  };
}

function nearest({ data, size }: CategoryMaps, names: number, width: number, height: number): Best {
  return (x, y) => {
    const place = Math.floor((y * size) / height) * size + Math.floor((x * size) / width);
    let best = 0;
    for (let name = 1; name < names; name++)
      if (data[name * size * size + place]! > data[best * size * size + place]!) best = name;
    return best;
  };
}
