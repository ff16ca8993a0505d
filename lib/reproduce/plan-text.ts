/** What `invseg reproduce` would run. */
import path from 'node:path';
import { countDone } from './done.js';
import type { Plan } from './plan.js';
import { runFolder } from './run-one.js';

export interface ListInput {
  /** Where the runs of earlier calls are. */
  out: string;
  /** Of the data set; undefined where none was named. */
  pictures: number | undefined;
  seeds: readonly number[];
  sample: number | undefined;
}

export async function planText(
  { tables, settings }: Plan,
  { out, pictures, seeds, sample }: ListInput,
): Promise<string> {
  const each = pictures === undefined ? sample : Math.min(sample ?? pictures, pictures);
  const done = new Map<string, number>();
  for (const setting of settings) {
    const counts = await Promise.all(seeds.map((seed) => countDone(path.join(out, runFolder(setting, seed, sample)))));
    done.set(
      setting.slug,
      counts.reduce((a, b) => a + b, 0),
    );
  }
  const images = (runs: number, counted: number): string =>
    each === undefined
      ? `${runs} × the data set`
      : `${each * runs} images${counted > 0 ? `, ${counted} of them done` : ''}`;
  const seen = new Map<string, string>();
  const lines = tables.flatMap(({ table, rows, notes }) => [
    `${table.name}: ${table.title}`,
    ...rows.map(({ number, row, setting, reason, remark }) => {
      const title = row.cells
        .map((cell, i) => (table.columns.length > 1 ? `${table.columns[i]} ${cell || '–'}` : cell))
        .join(', ');
      const place = `${table.name} row ${number}`;
      const earlier = setting && seen.get(setting.slug);
      if (setting && earlier === undefined) seen.set(setting.slug, place);
      const work =
        setting === undefined
          ? `not run: ${reason}`
          : earlier === undefined
            ? images(seeds.length, done.get(setting.slug)!)
            : `as ${earlier}`;
      return `  ${number}. ${title}${remark === undefined ? '' : ` (${remark})`}: ${work}`;
    }),
    ...notes.map((note) => `  ${note}`),
    '',
  ]);
  const runs = settings.length * seeds.length;
  return `${lines.join('\n')}\n${runs} runs (${settings.length} settings, ${seeds.length} seed${seeds.length === 1 ? '' : 's'}) of ${each ?? 'all'} images: ${images(
    runs,
    [...done.values()].reduce((a, b) => a + b, 0),
  )}\n`;
}
