/** What decides the counts of a run: the journal's first line. */

import { integer } from '../checks/index.js';
import type { Dataset } from '../datasets/index.js';
import type { ModelIdentity } from '../models/index.js';
import { resolveOptions } from '../options/index.js';
import { packageVersion } from '../version.js';
import type { EvaluateOptions } from './options.js';
import type { Place } from './picture.js';
import type { EngineFacts } from './pool.js';
import { drawSample, listHash, takeShard } from './select.js';
import type { RunSettings, Skip } from './types.js';

export interface Selected {
  /** Of the whole evaluation, its other shards included. */
  ids: readonly string[];
  /** This run's. */
  places: Place[];
}

/** What of a call decides which pictures, and what is done with them. */
export type SettingsOptions = Pick<EvaluateOptions, 'dataset' | 'sample' | 'seed' | 'shard' | 'options' | 'identity'>;

/** @throws {InvSegError} `INVALID_OPTION` */
export function selectPictures({ dataset, sample, seed = 0, shard }: SettingsOptions): Selected {
  if (sample !== undefined) integer(1, 10_000_000).read(sample, 'sample');
  integer(0, 0xffffffff).read(seed, 'seed');
  const ids = sample === undefined ? dataset.ids : drawSample(dataset.ids, sample, seed);
  const all = ids.map((id, place) => ({ id, place }));
  return { ids, places: shard === undefined ? all : takeShard(all, shard) };
}

/** @throws {InvSegError} `INVALID_OPTION` for options that no call would take */
export function settingsOf(
  given: SettingsOptions,
  { model, device, dtype }: EngineFacts,
  ids: readonly string[],
  names: string,
): RunSettings {
  const { dataset, sample, seed = 0, shard } = given;
  return {
    format: 'invseg-run/3',
    version: packageVersion(),
    model: `${model.name} ${model.version}`,
    ...identitySettings(given.identity),
    device: device.split(':')[0]!,
    dtype,
    dataset: dataset.kind,
    split: dataset.split ?? null,
    protocol: dataset.protocol,
    classes: dataset.classes.map(({ name }) => name),
    hasBackground: dataset.hasBackground,
    pictures: ids.length,
    list: listHash(ids),
    sample: sample ?? null,
    // A draw that is not made has no seed.
    seed: sample === undefined ? 0 : seed,
    shard: shard ? `${shard.index}/${shard.count}` : null,
    names,
    options: { ...resolveOptions(given.options ?? {}, model.methods) },
    unlisted: dataset.unlisted.map((skip) => belowRoot(skip, dataset)),
  };
}

/** The same fields in every journal; null where nobody said what the model is made of. */
export function identitySettings(identity: ModelIdentity | undefined): Record<keyof ModelIdentity, string | null> {
  const { weights = null, manifest = null, code = null, tokenizer = null } = identity ?? {};
  return { weights, manifest, code, tokenizer };
}

/** Roots differ between hosts, and a report need not tell where one lies. */
export function belowRoot({ id, code, message }: Skip, { root }: Pick<Dataset, 'root'>): Skip {
  return { id, code, message: message.replaceAll(`${root}/`, '').replaceAll(`${root}\\`, '') };
}
