import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawHeat, drawMarker, enlarge, rampColours } from '../../lib/draw/index.js';
import { rampColour } from '../../lib/draw/ramp.js';

describe('ramp', () => {
  it('grows lighter from end to end', () => {
    const light = rampColours(256).map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
    expect(light.every((value, i) => i === 0 || value > light[i - 1]! - 0.5)).toBe(true);
    expect(light.at(-1)! - light[0]!).toBeGreaterThan(180);
  });

  it('ends at its ends', () => {
    expect(rampColour(-3)).toEqual(rampColour(0));
    expect(rampColour(7)).toEqual(rampColour(1));
    expect(rampColours(2)).toEqual([rampColour(0), rampColour(1)]);
  });
});

describe('enlarge', () => {
  it('is bilinear with pixel centres at half', () => {
    const out = enlarge(Float32Array.of(0, 1, 2, 3), 2, 4, 4);
    expect([...out.subarray(0, 4)]).toEqual([0, 0.25, 0.75, 1]);
    expect([...out].filter((_, i) => i % 4 === 0)).toEqual([0, 0.5, 1.5, 2]);
  });

  it('never leaves the range of the map', () => {
    const map = fc.array(fc.float({ noNaN: true, min: -9, max: 9 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(map, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (values, width, height) => {
        const out = enlarge(Float32Array.from(values), 3, width, height);
        expect(out).toHaveLength(width * height);
        expect(Math.min(...out)).toBeGreaterThanOrEqual(Math.min(...values) - 1e-5);
        expect(Math.max(...out)).toBeLessThanOrEqual(Math.max(...values) + 1e-5);
      }),
    );
  });
});

describe('heat', () => {
  it('gives low and high the ends of the ramp, and what is beyond as well', () => {
    const { rgb } = drawHeat(
      { values: Float32Array.of(-5, 0, 2, 9), side: 2, low: 0, high: 2 },
      { width: 2, height: 2 },
    );
    const at = (i: number) => [...rgb.subarray(i * 3, i * 3 + 3)];
    expect([at(0), at(1), at(2), at(3)]).toEqual([rampColour(0), rampColour(0), rampColour(1), rampColour(1)]);
  });

  it('draws a constant map as low', () => {
    const { rgb } = drawHeat(
      { values: new Float32Array(4).fill(3), side: 2, low: 3, high: 3 },
      { width: 2, height: 2 },
    );
    expect([...rgb.subarray(0, 3)]).toEqual(rampColour(0));
  });
});

describe('marker', () => {
  it('is a ring around its place that leaves the place itself, on a copy', () => {
    const pixels = { rgb: new Uint8Array(60 * 60 * 3).fill(99), width: 60, height: 60 };
    const { rgb } = drawMarker(pixels, 0.5, 0.25);
    const value = (x: number, y: number) => rgb[(y * 60 + x) * 3];
    expect(value(30, 15)).toBe(99);
    expect(value(34, 15)).toBe(255);
    expect(value(30, 45)).toBe(99);
    expect(rgb.includes(0)).toBe(true);
    expect(pixels.rgb.every((byte) => byte === 99)).toBe(true);
  });
});
