/** What `invseg reproduce` would run. */
import type { Plan } from '../reproduce/index.js';

/** @param pictures of the data set */
export function planText({ tables, settings }: Plan, pictures: number, seeds: readonly number[], sample: number | undefined): string {
  const each = Math.min(sample ?? pictures, pictures);
  const seen = new Map<string, string>();
  const lines = tables.flatMap(({ table, rows, notes }) => [
    `${table.name}: ${table.title}`,
    ...rows.map(({ number, row, setting, reason, remark }) => {
      const title = row.cells.map((cell, i) => (table.columns.length > 1 ? `${table.columns[i]} ${cell || '–'}` : cell)).join(', ');
      const place = `${table.name} row ${number}`;
      const earlier = setting && seen.get(setting.slug);
      if (setting && earlier === undefined) seen.set(setting.slug, place);
      const work = setting === undefined ? `not run: ${reason}` : earlier === undefined ? `${each * seeds.length} images` : `as ${earlier}`;
      return `  ${number}. ${title}${remark === undefined ? '' : ` (${remark})`}: ${work}`;
    }),
    ...notes.map((note) => `  ${note}`),
    '',
  ]);
  const runs = settings.length * seeds.length;
  return `${lines.join('\n')}\n${runs} runs (${settings.length} settings, ${seeds.length} seed${seeds.length === 1 ? '' : 's'}) of ${each} pictures: ${runs * each} images\n`;
}
