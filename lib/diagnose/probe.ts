/** Does the loss point at the truth? Its values at what the model sees and at what is true, and where its gradient leads. */

import { clusterLoss, entropyLoss, refineAttention } from '../functions/index.js';
import type { LabelMap } from '../labels/index.js';
import type { MethodContext } from '../methods/index.js';
import type { MethodOptions } from '../options/index.js';
import type { SeenAttention } from './attention.js';
import { readTraining } from './attention.js';
import type { CandidateName } from './candidates.js';
import {
  candidateNames,
  cosine,
  firstColumns,
  oneHot,
  shifted,
  truthMaps,
  whereAtLeast,
  whereTrue,
} from './candidates.js';

/** Loss of one candidate (eq. 6–9). */
export interface CandidateLoss {
  /** clusterWeight · cluster + alpha · entropy */
  total: number;
  /** D_intra / C − 2 D_inter / (C (C − 1)) */
  cluster: number;
  /** Mean distance inside a category (eq. 6). */
  intra: number;
  /** Mean distance between categories (eq. 7). */
  inter: number;
  /** Entropy loss. */
  entropy: number;
}

export type ProbeOptions = Pick<MethodOptions, 'loss' | 'attention' | 'background'>;
type Attention = Pick<SeenAttention, 'side' | 'self' | 'refined' | 'categories'>;

/** Of the rule `complement`: (1 − x)² = x. */
const COMPLEMENT = (3 - Math.sqrt(5)) / 2;

export interface Probe {
  losses: Record<CandidateName, CandidateLoss>;
  /** Cosine between −∂L/∂M at the prediction and the way from there to the refined truth; above 0: a step helps. null: no way or no slope. */
  direction: number | null;
}

/** @param categoryOf label of the mask → category of the prompt; undefined where it is none */
export async function probe(
  context: MethodContext,
  mask: LabelMap,
  categoryOf: readonly (number | undefined)[],
): Promise<Probe> {
  const seen = await readTraining(context);
  const all = context.prompts.categories.length;
  return compareLosses(seen, truthMaps(mask, categoryOf, all, seen.side), all, context.options);
}

/** @param truth [points × all] shares of each cell, in the frame of `seen`, of every category, the background among them */
export function compareLosses(seen: Attention, truth: Float32Array, all: number, options: ProbeOptions): Probe {
  const { side, self, refined, categories } = seen;
  const mapped = (maps: Float32Array): Float32Array => firstColumns(maps, all, categories);
  const clear = mapped(oneHot(truth, all));
  const shares = mapped(truth);
  const quarter = Math.max(1, Math.round(side / 4));
  const maps: Record<CandidateName, Float32Array> = {
    soft: refined,
    // A cell that is ignored has no truth: it would count for the prediction alone.
    hard: whereTrue(oneHot(whereAtLeast(refined, categories, leastOf(options)), categories), categories, truth, all),
    truth: clear,
    // What eq. 2 would make of a perfect cross-attention: the best maps that the loop could reach.
    'refined truth': refineAttention({
      self,
      cross: shares,
      points: side * side,
      categories,
      iterations: options.attention.refineIterations,
    }).value,
    'shifted truth': shifted(clear, categories, side, quarter, quarter),
  };
  const losses = Object.fromEntries(
    candidateNames.map((name) => [name, lossOf(seen, maps[name], categories, options).loss]),
  ) as Record<CandidateName, CandidateLoss>;
  const { gradient } = lossOf(seen, maps.soft, categories, options);
  const way = maps['refined truth'].map((value, i) => value - maps.soft[i]!);
  const along = cosine(gradient, way);
  return { losses, direction: Number.isNaN(along) ? null : -along };
}

/** Below it the prediction is the background's; 0 where the background has a map of its own. */
function leastOf({ background: { rule, threshold } }: ProbeOptions): number {
  return rule === 'threshold' ? threshold : rule === 'complement' ? COMPLEMENT : 0;
}

function lossOf({ side, self }: Attention, maps: Float32Array, categories: number, options: ProbeOptions) {
  const points = side * side;
  const { anchorScale, anchorCentre, interPairs, clusterWeight, alpha } = options.loss;
  const cluster = clusterLoss({ self, maps, points, categories, anchorScale, anchorCentre, interPairs });
  const coverage = new Float32Array(points).fill(1); // the whole picture is one view
  const entropy = entropyLoss({ maps, coverage, views: 1, points, categories, ...options.loss.entropy });
  const loss: CandidateLoss = {
    total: clusterWeight * cluster.loss + alpha * entropy.loss,
    cluster: cluster.loss,
    intra: cluster.intra,
    inter: cluster.inter,
    entropy: entropy.loss,
  };
  const gradient = cluster.mapsGradient.map((value, i) => clusterWeight * value + alpha * entropy.gradient[i]!);
  return { loss, gradient };
}
