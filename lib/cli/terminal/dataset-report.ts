/** The findings of `dataset check` as text. */

import type { DatasetCheck } from '../../datasets/index.js';
import { percent, plural } from '../../words.js';

/** Lines of one kind that are written out; the JSON has them all. */
const SHOWN = 10;

export function describeDataset(check: DatasetCheck): string {
  return [
    `${check.title} at ${check.root}`,
    ...check.parts.map(partLine),
    ...(check.protocol === null ? [] : contents(check)),
    ...check.findings.map(({ level, text }) => `${level}: ${text}`),
    check.ok ? 'all is well' : advice(check),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function partLine({ what, path, there, files, lists, need, fix }: DatasetCheck['parts'][number]): string {
  if (there)
    return `  ${what}: ${path}${files === undefined ? '' : `, ${files} files`}${lists ? ` (${lists.join(', ')})` : ''}`;
  const why = { needed: 'missing', one: 'not there', optional: 'not there, nor needed' }[need];
  return `  ${what}: ${why}, looked for at ${path}` + (need === 'optional' ? '' : `\n    ${fix ?? ''}`);
}

function contents({ protocol, split, listed, incomplete, sample }: DatasetCheck): string[] {
  const of = split === null ? 'all images' : `list ${split}`;
  return [
    `protocol: ${protocol}`,
    `${of}: ${listed} images, ${incomplete.length === 0 ? 'each with its mask' : `${incomplete.length} problems`}`,
    ...some(incomplete),
    ...(sample ? sampleLines(sample) : []),
  ];
}

function sampleLines({ pictures, failed, ignored, histogram }: NonNullable<DatasetCheck['sample']>): string[] {
  const seen = histogram.filter(({ pixels }) => pixels > 0).sort((a, b) => b.pixels - a.pixels);
  const width = Math.max(0, ...seen.map(({ name }) => name.length));
  const rows = seen.map(
    (row) =>
      `  ${String(row.label).padStart(3)}  ${row.name.padEnd(width)}  ${percent(row.share).padStart(8)}  in ${plural(row.pictures, 'image')}`,
  );
  const read = failed.length === 0 ? 'all read' : `${failed.length} cannot be read`;
  return [
    `sample: ${pictures} masks, ${read}; ${percent(ignored)} of the pixels ignored; ` +
      `${seen.length} of ${histogram.length} classes occur`,
    ...some(failed),
    ...rows,
  ];
}

function some(problems: readonly { code: string; message: string }[]): string[] {
  const lines = problems.slice(0, SHOWN).map(({ code, message }) => `  ${message} [${code}]`);
  return problems.length > SHOWN ? [...lines, `  and ${problems.length - SHOWN} more; --json lists all`] : lines;
}

function advice({ protocol, parts, incomplete, sample }: DatasetCheck): string {
  if (protocol === null) {
    const missing = parts.filter(({ there, need }) => !there && need !== 'optional').map(({ what }) => what);
    return `not usable${missing.length > 0 ? `: get the ${missing.join(', ')} as said above` : ''}`;
  }
  const count = new Set([...incomplete, ...(sample?.failed ?? [])].map(({ id }) => id)).size;
  const what = `${plural(count, 'image')} cannot be used`;
  return `${what}: replace the files named above, take them off the list, or evaluate with them skipped and counted`;
}
