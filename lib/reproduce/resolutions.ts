/** The paper's resolutions on a model that may have others. */
import type { MethodOverrides, ModelMethods } from '../options/index.js';
import type { PaperSide } from './types.js';
import { paperSides } from './types.js';

/** What the rows depend on of a model; a manifest says it, no weights are needed. */
export interface ModelSides {
  /** Sides of its attention maps. */
  readonly resolutions: readonly number[];
  /** What its loop reads by default, where that is known. */
  readonly training?: Readonly<Record<number, number>> | undefined;
  /** Its own defaults of methods. */
  readonly methods?: ModelMethods | undefined;
}

/** Whether the paper's sides mean on this model what they mean on Stable Diffusion. */
const hasPaperSides = ({ resolutions }: ModelSides): boolean =>
  resolutions.includes(16) && resolutions.every((side) => paperSides.includes(side as PaperSide));

export interface MappedSides {
  /** Option of the loop; absent where the model lacks one of the sides. */
  training?: Record<number, number>;
  /** What is read instead of what the paper reads. */
  remark?: string;
  missing?: string;
}

/** By name where the model has the paper's sides, else by rank: the coarsest one stands for Res8. */
export function mapSides(sides: readonly PaperSide[], model: ModelSides): MappedSides {
  const sorted = [...model.resolutions].sort((a, b) => a - b);
  const own = (side: PaperSide): number | undefined =>
    hasPaperSides(model) ? sorted.find((one) => one === side) : sorted[paperSides.indexOf(side)];
  const lacking = sides.filter((side) => own(side) === undefined);
  if (lacking.length > 0)
    return { missing: `the model has no ${listed(lacking.map((side) => `Res${side}`))}, only ${listed(sorted)}` };
  const mapped = sides.map((side) => own(side)!);
  const training = Object.fromEntries(mapped.map((side) => [side, 1]));
  return hasPaperSides(model) ? { training } : { training, remark: `reads ${listed(mapped)}` };
}

/**
 * The preset `paper`; on a model of other resolutions those of the model, which its manifest names, since 16 of 64 and 16 of 32
 * are not the same.
 */
export function paperOptions(model: ModelSides): MethodOverrides {
  if (hasPaperSides(model)) return { preset: 'paper' };
  return {
    preset: 'paper',
    attention: {
      training: model.training ? { ...model.training } : 'bundle',
      inferenceCross: 'bundle',
      inferenceSelf: 'bundle',
    },
  };
}

/** For the reader of a table, where the model is another. @param full whether the table varies the resolutions */
export function sidesNote(model: ModelSides, full: boolean): string | undefined {
  if (hasPaperSides(model)) return undefined;
  const sorted = [...model.resolutions].sort((a, b) => a - b);
  const own = model.training ? `, ${listed(Object.keys(model.training))}` : '';
  const standard = `Rows that do not say otherwise read in the loop what the model's manifest names${own}`;
  if (!full)
    return `The sides of the model's attention maps are ${listed(sorted)}, not ${listed(paperSides)}. ${standard}.`;
  const pairs = paperSides.map(
    (side, rank) => `Res${side} ${sorted[rank] === undefined ? 'has no counterpart' : `is ${sorted[rank]}`}`,
  );
  return `The sides of the model's attention maps are not Stable Diffusion's; they stand for them by rank: ${listed(pairs)}. ${standard}, where the paper reads Res16.`;
}

/** `4, 8 and 16` */
const listed = (items: readonly (string | number)[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
