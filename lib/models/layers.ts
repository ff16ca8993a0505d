/** Resolutions and layers of a model, and which maps a selection of them reads. */

import { show } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { CrossScale, NativeMapSelection } from '../native/index.js';
import type { LayerChoice } from '../options/index.js';
import type { BundleManifest, LayerManifest, ResolutionTable } from './manifest.js';

type LayeredManifest = Pick<BundleManifest, 'name' | 'layers' | 'image'>;

export interface MapChoice {
  /** Resolution → weight, used as given; 0 or left out: not read. */
  cross?: ResolutionTable | undefined;
  /** Resolution → weight; scaled to sum 1. */
  self?: ResolutionTable | undefined;
  crossLayers?: LayerChoice | undefined;
  selfLayers?: LayerChoice | undefined;
  /** What is done to every resolution's cross maps before the weighted sum. */
  crossScale?: CrossScale | undefined;
}

/** Sides of the attention maps, finest first. */
export function resolutions(manifest: LayeredManifest): number[] {
  const sides = manifest.layers.map((layer) => manifest.image.latentSize >> layer.level);
  return [...new Set(sides)].sort((a, b) => b - a);
}

/** The layers of one resolution in the order they run. */
export function layersAt(manifest: LayeredManifest, resolution: number): LayerManifest[] {
  return manifest.layers.filter((layer) => manifest.image.latentSize >> layer.level === resolution);
}

/**
 * The engine's form of a choice. A level's map is the mean over its read layers of the mean over their read heads, so
 * the weights of a level sum to 1.
 *
 * @throws InvSegError `INVALID_OPTION` for a resolution, layer or head that the model does not have, a weight that is
 * negative or not finite, a resolution without a read layer, or a named layer that no chosen resolution reads.
 */
export function mapSelection(manifest: LayeredManifest, choice: MapChoice): NativeMapSelection {
  const cross = select(manifest, 'cross', choice.cross ?? {}, choice.crossLayers ?? {});
  const self = select(manifest, 'self', choice.self ?? {}, choice.selfLayers ?? {});
  const total = self.weights.reduce((sum, weight) => sum + weight, 0);
  return {
    selfLayers: self.read,
    crossLayers: cross.read,
    selfHeads: self.heads,
    crossHeads: cross.heads,
    selfWeights: total > 0 ? self.weights.map((weight) => weight / total) : self.weights,
    crossWeights: cross.weights,
    crossScale: choice.crossScale ?? 'none',
  };
}

type Kind = 'cross' | 'self';

interface Selected {
  /** [L] */
  read: Uint8Array;
  /** [L × heads] */
  heads: Float32Array;
  /** [levels] */
  weights: Float32Array;
}

function select(manifest: LayeredManifest, kind: Kind, table: ResolutionTable, choice: LayerChoice): Selected {
  const { layers } = manifest;
  const width = Math.max(...layers.map((layer) => layer.heads));
  const weights = levelWeights(manifest, kind, table);
  const read = new Uint8Array(layers.length);
  const heads = new Float32Array(layers.length * width);
  const lenient = choice.lenient ?? false;
  if (!lenient) checkNames(manifest, kind, choice, weights);
  weights.forEach((weight, level) => {
    if (weight === 0) return;
    const here = layers.flatMap((layer, i) => (layer.level === level ? [i] : []));
    const named = here.filter((i) => isChosen(layers[i]!, choice.layers));
    const chosen = lenient && named.length === 0 ? here : named;
    if (chosen.length === 0) {
      throw invalid(
        `Expected a layer of resolution ${manifest.image.latentSize >> level} for ${kind} layers ` +
          `but received ${list(choice.layers ?? [])}`,
      );
    }
    for (const i of chosen) {
      read[i] = 1;
      const indices = chosenHeads(layers[i]!, kind, choice.heads, lenient);
      for (const head of indices) heads[i * width + head] = 1 / (chosen.length * indices.length);
    }
  });
  return { read, heads, weights };
}

/** [levels], 0 where nothing is read. */
function levelWeights(manifest: LayeredManifest, kind: Kind, table: ResolutionTable): Float32Array {
  const weights = new Float32Array(1 + Math.max(...manifest.layers.map((layer) => layer.level)));
  for (const [key, weight] of Object.entries(table)) {
    const layer = layersAt(manifest, Number(key))[0];
    if (!layer) {
      const known = resolutions(manifest).join(', ');
      throw invalid(
        `Expected resolutions of the model ${manifest.name} (${known}) for ${kind} weights but received ${key}`,
      );
    }
    if (typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0) {
      throw invalid(
        `Expected a number of at least 0 for the ${kind} weight of resolution ${key} but received ${show(weight)}`,
      );
    }
    weights[layer.level] = weight;
  }
  return weights;
}

function checkNames(manifest: LayeredManifest, kind: Kind, choice: LayerChoice, weights: Float32Array): void {
  const { heads } = choice;
  const named = [...(choice.layers ?? []), ...(heads === undefined || isList(heads) ? [] : Object.keys(heads))];
  for (const name of named) {
    const matches = manifest.layers.filter((layer) => isChosen(layer, [name]));
    if (matches.length === 0) {
      throw invalid(
        `Expected layers of the model ${manifest.name} for ${kind} layers but received ${name}\n` +
          `It has ${list(manifest.layers.map((layer) => layer.name))}.`,
      );
    }
    if (!matches.some((layer) => weights[layer.level]! > 0)) {
      const at = manifest.image.latentSize >> matches[0]!.level;
      throw invalid(`Expected ${kind} layers of the chosen resolutions but received ${name}, which is at ${at}`);
    }
  }
}

function isChosen(layer: LayerManifest, names: readonly string[] | undefined): boolean {
  return names === undefined || names.some((name) => layer.name === name || layer.name.startsWith(`${name}.`));
}

function chosenHeads(
  layer: LayerManifest,
  kind: Kind,
  heads: LayerChoice['heads'],
  lenient: boolean,
): readonly number[] {
  const all = Array.from({ length: layer.heads }, (_, i) => i);
  if (heads === undefined) return all;
  const chosen = isList(heads) ? heads : Object.entries(heads).find(([name]) => isChosen(layer, [name]))?.[1];
  if (chosen === undefined) return all;
  if (lenient) {
    const present = all.filter((head) => chosen.includes(head));
    return present.length > 0 ? present : all;
  }
  const wrong = chosen.find((head) => !all.includes(head));
  if (chosen.length === 0 || wrong !== undefined || new Set(chosen).size !== chosen.length) {
    throw invalid(
      `Expected different heads from 0 to ${layer.heads - 1} for ${kind} heads of ${layer.name} ` +
        `but received ${list(chosen)}`,
    );
  }
  return chosen;
}

// Array.isArray does not narrow readonly lists.
function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value);
}

function list(items: readonly unknown[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}

function invalid(message: string): InvSegError {
  return new InvSegError('INVALID_OPTION', message);
}
