/** Rules of the options that say which attention is read. */

import type { Rule } from '../checks/index.js';
import { flag, isPlainObject, number, refuse, rejectUnknown } from '../checks/index.js';
import type { LayerChoice, ResolutionWeights } from './values.js';

const relative = /^latent(\/(1|2|4|8|16|32))?$/;

/** Weights of resolutions; those that the model lacks are refused when the model is known. */
export const resolutionWeights: Rule<ResolutionWeights> = {
  type: 'ResolutionWeights',
  expects:
    '"bundle", "proportional", or weights of resolutions such as { "16": 1 } or { "latent/4": 1 }, each at least 0, one of them above 0',
  read(value, name) {
    if (value === 'bundle' || value === 'proportional') return value;
    if (!isPlainObject(value)) refuse(name, this.expects, value);
    const weights: Record<string, number> = {};
    for (const [key, weight] of Object.entries(value)) {
      if (!/^[1-9]\d{0,3}$/.test(key) && !relative.test(key)) {
        refuse(
          `${name}.${key}`,
          'a resolution from 1 to 9999, or one relative to the latent such as latent/2, as the key',
          key,
        );
      }
      weights[key] = number({ min: 0 }).read(weight, `${name}.${key}`);
    }
    if (!Object.values(weights).some((weight) => weight > 0)) refuse(name, this.expects, value);
    return weights;
  },
};

const names: Rule<string[]> = listOf('names of layers or blocks', (item) => typeof item === 'string' && item !== '');
const heads: Rule<number[]> = listOf('indices of heads', (item) => Number.isInteger(item) && (item as number) >= 0);

function listOf<T>(what: string, accepts: (item: unknown) => boolean): Rule<T[]> {
  const expects = `a list of ${what}`;
  return {
    expects,
    read: (value, name) =>
      Array.isArray(value) && value.length > 0 && value.length <= 1000 && value.every(accepts)
        ? ([...value] as T[])
        : refuse(name, expects, value),
  };
}

/** Whether the model has such layers and heads is checked when it is known. */
export const layerChoice: Rule<'all' | LayerChoice> = {
  type: "'all' | LayerChoice",
  expects: '"all" or an object with layers (names) and heads (indices, or by layer name)',
  read(value, name) {
    if (value === 'all') return value;
    if (!isPlainObject(value)) refuse(name, this.expects, value);
    rejectUnknown(value, ['layers', 'heads', 'lenient'], `${name}.`);
    const choice: LayerChoice = {};
    if (value['layers'] !== undefined) choice.layers = names.read(value['layers'], `${name}.layers`);
    if (value['lenient'] !== undefined) choice.lenient = flag.read(value['lenient'], `${name}.lenient`);
    const given = value['heads'];
    if (isPlainObject(given)) {
      choice.heads = Object.fromEntries(
        Object.entries(given).map(([layer, list]) => [layer, heads.read(list, `${name}.heads.${layer}`)]),
      );
    } else if (given !== undefined) choice.heads = heads.read(given, `${name}.heads`);
    return choice;
  },
};
