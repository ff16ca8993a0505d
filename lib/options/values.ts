/** Types of values that several options share. */

/**
 * Weights of attention resolutions, `{ 16: 1 }` or `{ 16: 0.7, 32: 0.3 }`; `'bundle'` takes the model's own,
 * `'proportional'` all its resolutions, each weighted by its side (64: 8/15, 32: 4/15, 16: 2/15, 8: 1/15 for SD 2.1).
 */
export type ResolutionWeights = 'bundle' | 'proportional' | WeightTable;

/** A share of the latent's side: `latent/4` is 16 for a latent of 64. Those that a model lacks are passed over. */
export type RelativeResolution = 'latent' | `latent/${1 | 2 | 4 | 8 | 16 | 32}`;

/** Weight of each resolution, at least 0, by its side in points or as a share of the latent's. */
export type WeightTable = Readonly<Record<number, number> & { [K in RelativeResolution]?: number }>;

/** Layers and heads of one kind of map; what is left out means all. */
export interface LayerChoice {
  /** Names of layers, or of blocks (`up_blocks.1`) for all in them. Only those of the chosen resolutions are read. */
  layers?: readonly string[] | undefined;
  /** Heads, counted from 0: the same for every layer, or by layer name (layers that are not named read all). */
  heads?: readonly number[] | Readonly<Record<string, readonly number[]>> | undefined;
  /** Names and heads that the model has not are passed over; where none of a resolution is left, all of it is read. */
  lenient?: boolean | undefined;
}
