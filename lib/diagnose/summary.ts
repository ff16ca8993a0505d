/** From what was found on each picture to figures with intervals. */
import type { Dataset } from '../datasets/index.js';
import type { ClassCounts, Estimate } from '../scores/index.js';
import {
  bootstrap,
  dense,
  meanEstimate,
  meanIoUOf,
  metricsOf,
  resample,
  shareEstimate,
  spearman,
  sumCounts,
} from '../scores/index.js';
import type { SegmenterInfo } from '../segmenter/index.js';
import type { CandidateName } from './candidates.js';
import { candidateNames } from './candidates.js';
import type { Run } from './picture.js';
import type { Plan } from './plan.js';
import type { CandidateLoss, Probe } from './probe.js';
import type { Piece } from './records.js';
import { pieceKey } from './records.js';
import type { Diagnosis, VariantFinding } from './types.js';
import { DEFAULT_VARIANT } from './variants.js';

export interface Findings {
  model: SegmenterInfo['model'];
  dataset: Dataset;
  ids: readonly string[];
  plans: readonly Plan[];
  pieces: ReadonlyMap<string, Piece>;
  inversion: boolean;
}

export function summarise({ model, dataset, ids, plans, pieces, inversion }: Findings): Diagnosis {
  const left = ids.flatMap((id) => {
    const piece = pieces.get(pieceKey({ id, part: 'left', key: '' }));
    return piece?.part === 'left' ? [{ id, reason: piece.reason }] : [];
  });
  const used = ids.filter((id) => !left.some((one) => one.id === id));
  const probes = (key: string) =>
    used.map((id) => pieces.get(pieceKey({ id, part: 'probe', key }))).filter((piece) => piece?.part === 'probe');
  const runs = (part: 'baseline' | 'run', key: string): Run[] =>
    used
      .map((id) => pieces.get(pieceKey({ id, part, key })))
      .filter((piece) => piece?.part === part)
      .map((piece) => (piece as { run: Run }).run);

  const own = probes(DEFAULT_VARIANT);
  const sides = Object.keys(own[0]?.rows ?? {}).map(Number);
  return {
    model,
    protocol: dataset.protocol,
    ids: used,
    left,
    losses: meanLosses(own.map(({ probe }) => probe)),
    rowEntropy: Object.fromEntries(sides.map((side) => [side, meanEstimate(own.map(({ rows }) => rows![side]!))])),
    variants: plans.map((plan): VariantFinding => {
      const { variant } = plan;
      const finding: VariantFinding = { name: variant.name, overrides: variant.overrides };
      if (plan.loss === variant.name) finding.loss = lossFinding(probes(variant.name).map(({ probe }) => probe));
      if (inversion)
        finding.masks = maskFinding(runs('baseline', plan.baseline), runs('run', variant.name), dataset.classes.length);
      return finding;
    }),
  };
}

function meanLosses(probes: readonly Probe[]): Record<CandidateName, CandidateLoss> {
  const mean = (of: (loss: CandidateLoss) => number, name: CandidateName): number =>
    probes.reduce((sum, { losses }) => sum + of(losses[name]), 0) / probes.length;
  return Object.fromEntries(
    candidateNames.map((name) => [
      name,
      {
        total: mean(({ total }) => total, name),
        cluster: mean(({ cluster }) => cluster, name),
        intra: mean(({ intra }) => intra, name),
        inter: mean(({ inter }) => inter, name),
        entropy: mean(({ entropy }) => entropy, name),
      },
    ]),
  ) as Record<CandidateName, CandidateLoss>;
}

function lossFinding(probes: readonly Probe[]): NonNullable<VariantFinding['loss']> {
  const below = (one: CandidateName, other: CandidateName): Estimate =>
    shareEstimate(probes.filter(({ losses }) => losses[one].total < losses[other].total).length, probes.length);
  return {
    truthBelowHard: below('truth', 'hard'),
    truthBelowSoft: below('refined truth', 'soft'),
    truthBelowShifted: below('truth', 'shifted truth'),
    direction: meanEstimate(probes.flatMap(({ direction }) => direction ?? [])),
  };
}

function maskFinding(
  before: readonly Run[],
  after: readonly Run[],
  classes: number,
): NonNullable<VariantFinding['masks']> {
  const [old, learnt] = [before, after].map((runs) => runs.map(({ counts }) => dense(counts, classes))) as [
    ClassCounts[],
    ClassCounts[],
  ];
  const meanOf = (list: readonly ClassCounts[]) => {
    const mean = meanIoUOf(sumCounts(list, classes));
    return (times?: Uint32Array): number => mean(sumCounts(list, classes, times));
  };
  const [oldMean, learntMean] = [meanOf(old), meanOf(learnt)];
  const gains = learnt.map((counts, i) => metricsOf(counts).mIoU - metricsOf(old[i]!).mIoU);
  const falls = after.map((run) => (run.before ?? NaN) - (run.after ?? NaN));
  const known = falls.flatMap((fall, i) => (Number.isNaN(fall) ? [] : [i]));
  return {
    baseline: oldMean(),
    mIoU: bootstrap(learnt.length, learntMean),
    difference: bootstrap(learnt.length, (times) => learntMean(times) - oldMean(times)),
    fall: meanEstimate(known.map((i) => falls[i]!)),
    correlation: bootstrap(known.length, (times) => {
      const drawn = resample(known, times);
      return spearman(
        drawn.map((i) => falls[i]!),
        drawn.map((i) => gains[i]!),
      );
    }),
  };
}
