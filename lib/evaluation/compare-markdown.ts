/** A comparison as Markdown. */
import { isPlainObject, refuse } from '../checks/index.js';
import { percent } from '../words.js';
import type { Change, Comparison } from './compare.js';

/**
 * A comparison as Markdown: the means, what differs in the settings, classes and images that changed most.
 *
 * @param comparison of `compareRuns`
 * @returns headings and tables
 * @throws {InvSegError} `INVALID_OPTION` for what `compareRuns` did not give
 * @example
 * ```ts
 * import { compareRuns, comparisonMarkdown } from 'invseg-native/evaluation';
 *
 * console.log(comparisonMarkdown(await compareRuns('runs/a', 'runs/b')));
 * ```
 */
export function comparisonMarkdown(comparison: Comparison): string {
  if (!isPlainObject(comparison) || !Array.isArray(comparison.runs))
    refuse('comparison', 'what compareRuns gives', comparison);
  const { runs, pictures, mIoU95, higher, counts, settings, perClass, falls, rises } = comparison;
  const left = [pictures.onlyA && `${pictures.onlyA} of A alone`, pictures.onlyB && `${pictures.onlyB} of B alone`]
    .filter(Boolean)
    .join(' and ');
  const sure =
    higher === null || mIoU95[0] === null
      ? ''
      : `
The mIoU changes by ${points(comparison.mIoU.difference)} points, 95 % interval ${points(mIoU95[0])} to ${points(mIoU95[1])} (images resampled in
pairs); B is the higher one in ${(100 * higher).toFixed(1)} % of the resamplings. By its own mean IoU, ${counts.better} images are better, ${counts.worse}
worse, ${counts.same} the same.
`;
  return `# ${cell(runs[0])} (A) and ${cell(runs[1])} (B)

${pictures.common} images${left ? `; ${left} left out` : ''}.

| | A | B | B − A |
| --- | ---: | ---: | ---: |
${(['mIoU', 'mAcc', 'aAcc'] as const).map((name) => row(name, comparison[name])).join('\n')}
${sure}
## Settings

${settings.length === 0 ? 'The same.' : ['| | A | B |', '| --- | --- | --- |', ...settings.map(({ key, there, here }) => `| ${cell(key)} | ${cell(there)} | ${cell(here)} |`)].join('\n')}

## IoU of each class

| Class | A | B | B − A |
| --- | ---: | ---: | ---: |
${perClass.map(({ name, ...change }) => row(cell(name), change)).join('\n')}

## Images that changed most

${falls.length + rises.length === 0 ? 'None changed.' : ['| Image | A | B | B − A |', '| --- | ---: | ---: | ---: |', ...[...falls, ...rises.toReversed()].map(({ id, ...change }) => row(cell(id), change))].join('\n')}
`;
}

const row = (name: string, { a, b, difference }: Change): string =>
  `| ${name} | ${percent(a)} | ${percent(b)} | ${points(difference)} |`;

/** In percentage points, with a sign. */
const points = (value: number | null): string =>
  value === null ? '–' : `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(100 * value).toFixed(2)}`;

const cell = (text: string): string => text.replace(/[|\\`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
