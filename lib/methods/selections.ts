/** Options about resolutions → which attention maps the loop and the prediction read. */
import { InvSegError } from '../errors.js';
import type { NativeMapSelection } from '../native/index.js';
import type { LayerChoice, MethodOptions, ResolutionWeights } from '../options/index.js';
import type { ModelFacts, SegmenterParts, Weights } from './model.js';

export interface MapSelections {
  training: NativeMapSelection;
  inference: NativeMapSelection;
  /** Side of the frame of refinement and losses. */
  frame: number;
}

/** @param name the option, for the error @throws {InvSegError} `INVALID_OPTION` for a resolution that the model has not */
export function resolveWeights(
  name: string,
  asked: ResolutionWeights,
  own: Weights,
  model: Pick<ModelFacts, 'resolutions' | 'name' | 'latentSize'>,
): Weights {
  if (asked === 'bundle') return own;
  if (asked === 'proportional') {
    const total = model.resolutions.reduce((sum, side) => sum + side, 0);
    return Object.fromEntries(model.resolutions.map((side) => [side, side / total]));
  }
  const table: Record<number, number> = {};
  for (const [key, weight] of Object.entries(asked)) {
    const relative = key.startsWith('latent');
    const side = relative ? model.latentSize / Number(key.split('/')[1] ?? 1) : Number(key);
    if (model.resolutions.includes(side)) table[side] = (table[side] ?? 0) + weight;
    else if (!relative) throw lacking(name, key, model);
  }
  if (!Object.values(table).some((weight) => weight > 0)) throw lacking(name, Object.keys(asked).join(', '), model);
  return table;
}

function lacking(name: string, received: string, model: Pick<ModelFacts, 'resolutions' | 'name'>): InvSegError {
  return new InvSegError(
    'INVALID_OPTION',
    `Expected resolutions of the model ${model.name} (${model.resolutions.join(', ')}) for ${name} but received ${received}`,
  );
}

/** The finest resolution with a weight above 0. */
function finest(weights: Weights): number {
  return Math.max(...Object.entries(weights).map(([side, weight]) => (weight > 0 ? Number(side) : 0)));
}

/** @throws {InvSegError} `INVALID_OPTION` */
export function selectAll(parts: Pick<SegmenterParts, 'model' | 'selectMaps'>, options: MethodOptions): MapSelections {
  const { model } = parts;
  const training = resolveWeights('attention.training', options.attention.training, model.defaults.training, model);
  const cross = resolveWeights(
    'attention.inferenceCross',
    options.attention.inferenceCross,
    model.defaults.inferenceCross,
    model,
  );
  const self = resolveWeights(
    'attention.inferenceSelf',
    options.attention.inferenceSelf,
    model.defaults.inferenceSelf,
    model,
  );
  const { frame, layers, crossScale } = options.attention;
  return {
    // The paper varies one set of resolutions in training: it selects both kinds of maps.
    training: parts.selectMaps({
      cross: training,
      self: training,
      crossLayers: choice(layers.trainingCross),
      selfLayers: choice(layers.trainingSelf),
      crossScale,
    }),
    inference: parts.selectMaps({
      cross,
      self,
      crossLayers: choice(layers.inferenceCross),
      selfLayers: choice(layers.inferenceSelf),
      crossScale,
    }),
    frame: frame === 'native' ? finest(training) : frame === 'latent' ? model.latentSize : frame,
  };
}

const choice = (option: 'all' | LayerChoice): LayerChoice | undefined => (option === 'all' ? undefined : option);
