/**
 * Images of results. Functions named `draw…` give the bytes of a PNG, or pixels.
 *
 * @module invseg-native/draw
 */
export type {
  Colour,
  Heat,
  OverlayInput,
  Palette,
  PaletteName,
  PanelColumn,
  PanelInput,
  Pixels,
} from '../draw/index.js';
export {
  categoryPalette,
  drawHeat,
  drawOverlay,
  drawPanel,
  encodeLabels,
  paletteNames,
  vocPalette,
} from '../draw/index.js';
export type { LabelNames } from '../labels/index.js';
