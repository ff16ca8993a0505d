/** A diagnosis as Markdown tables. */

import { record, refuse } from '../checks/index.js';
import type { Estimate } from '../scores/index.js';
import { candidateNames } from './candidates.js';
import type { Diagnosis, VariantFinding } from './types.js';
import { points, share, verdict } from './verdict.js';

const number = (value: number): string => (Number.isNaN(value) ? '' : value.toFixed(3).replace('-', '−'));
const range = ({ value, low, high }: Estimate): string => `${number(value)} [${number(low)}, ${number(high)}]`;

/**
 * A diagnosis as Markdown tables.
 *
 * @param diagnosis of `diagnose`
 * @returns a verdict and tables
 * @throws {InvSegError} `INVALID_OPTION` for what is none
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { defaultVariants, diagnose, diagnosisMarkdown } from 'invseg-native/explain';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const variants = defaultVariants.slice(0, 1);
 * console.log(diagnosisMarkdown(await diagnose(segmenter, { dataset, sample: 2, variants, inversion: false })));
 * ```
 */
export function diagnosisMarkdown(diagnosis: Diagnosis): string {
  checkDiagnosis(diagnosis);
  const { model, protocol, ids, left, losses, rowEntropy, variants } = diagnosis;
  return (
    [
      `Model ${model.name} ${model.version}; ${protocol}; ${ids.length} images${left.length > 0 ? `, ${left.length} left out` : ''}. Intervals are of 95 %, over images.`,
      verdict(diagnosis),
      table(
        ['maps put before the loss', 'total', 'cluster', 'D intra', 'D inter', 'entropy'],
        candidateNames.map((name) => {
          const { total, cluster, intra, inter, entropy } = losses[name];
          return [name, ...[total, cluster, intra, inter, entropy].map(number)];
        }),
      ),
      table(
        ['self-attention at', 'entropy of its rows / log N'],
        Object.entries(rowEntropy).map(([side, estimate]) => [`${side}×${side}`, range(estimate)]),
      ),
      table(
        [
          'variant',
          'truth below hard prediction',
          'refined truth below soft',
          'truth below shifted truth',
          'cosine of descent and way to the truth',
        ],
        variants.flatMap(({ name, loss }) =>
          loss
            ? [
                [
                  name,
                  share(loss.truthBelowHard),
                  share(loss.truthBelowSoft),
                  share(loss.truthBelowShifted),
                  range(loss.direction),
                ],
              ]
            : [],
        ),
      ),
      ...maskTable(variants),
    ].join('\n\n') + '\n'
  );
}

function maskTable(variants: readonly VariantFinding[]): string[] {
  const rows = variants.flatMap(({ name, masks }) =>
    masks
      ? [
          [
            name,
            (100 * masks.baseline).toFixed(1),
            (100 * masks.mIoU.value).toFixed(1),
            points(masks.difference),
            range(masks.fall),
            range(masks.correlation),
          ],
        ]
      : [],
  );
  if (rows.length === 0) return [];
  return [
    table(
      ['variant', 'mIoU without loop', 'with', 'difference', 'fall of the loss', 'rank correlation of fall and gain'],
      rows,
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @throws {InvSegError} `INVALID_OPTION` */
export function checkDiagnosis(value: unknown): void {
  const expects = 'what diagnose found';
  const { variants, ids, model } = record(value, 'diagnosis', expects);
  if (!Array.isArray(variants) || !Array.isArray(ids)) refuse('diagnosis', expects, value);
  record(model, 'diagnosis.model', expects);
}
