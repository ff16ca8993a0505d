export { encodeLabels } from './labels-png.js';
export { drawOverlay } from './overlay.js';
export type { OverlayInput } from './overlay.js';
export { categoryPalette, vocPalette } from './palette.js';
export type { Colour, Palette } from './palette.js';
export { drawPanel } from './panel.js';
export type { PanelColumn, PanelInput } from './panel.js';
export type { Pixels } from './pixels.js';
export { percent, shares } from './shares.js';
