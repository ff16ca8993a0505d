/** Colours of a number: dark for low, light for high, even steps for the eye, and the same order without hues. */
import type { Colour } from './colour.js';

/** Viridis (CC0) at nine even places, with straight lines between them. */
const PLACES: readonly Colour[] = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
];

/** Colour of a share in [0, 1]; what lies outside gets the colour of the end. */
export function rampColour(share: number): Colour {
  const place = Math.min(1, Math.max(0, share)) * (PLACES.length - 1);
  const below = Math.min(Math.floor(place), PLACES.length - 2);
  const [from, to] = [PLACES[below]!, PLACES[below + 1]!];
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (place - below));
  return [mix(0), mix(1), mix(2)];
}

/** `count` even places, both ends included. */
export function rampColours(count: number): Colour[] {
  return Array.from({ length: count }, (_, i) => rampColour(i / (count - 1)));
}
