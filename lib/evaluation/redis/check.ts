/** Whether a worker computes what a run asks for: every setting that decides the counts must be the same. */

import type { Dataset } from '../../datasets/index.js';
import { differences } from '../../journal/index.js';
import type { ModelIdentity } from '../../models/index.js';
import { packageVersion } from '../../version.js';
import type { EngineFacts } from '../pool.js';
import { checkSettings } from '../record.js';
import { parseShard } from '../select.js';
import type { SettingsOptions } from '../settings.js';
import { selectPictures, settingsOf } from '../settings.js';
import type { RunSettings } from '../types.js';

/** What a worker has. */
export interface WorkerFacts {
  dataset: Dataset;
  info: EngineFacts;
  names: string;
  identity: ModelIdentity;
}

/** What a user can do about it. */
const advice: Readonly<Record<string, string>> = {
  version: 'install the same version of the package',
  model: 'name the same --model',
  weights: 'name the same --model, with the same files',
  manifest: 'name the same --model, with the same manifest.json',
  code: 'name the same --model, with the same TorchScript',
  tokenizer: 'name the same --model, with the same files of the tokenizer',
  device: 'choose another --device, here or for evaluate',
  dtype: 'choose another --dtype, here or for evaluate',
  names: 'give the same --names, with the same files',
};

/** @returns one line a setting that differs; empty where the worker may take part */
export function refusals(asked: RunSettings, facts: WorkerFacts): string[] {
  // Options of another version need not mean anything here.
  const version = packageVersion();
  if (asked.version !== version)
    return [line('version', typeof asked.version === 'string' ? asked.version.slice(0, 100) : 'another one', version)];
  let mine: RunSettings;
  try {
    checkSettings(asked, 'the run');
    mine = ownSettings(asked, facts);
  } catch (error) {
    return [(error as Error).message];
  }
  // What a list's other lines are is said by the evaluator alone; the pictures are those of `list`.
  const found = differences({ ...asked, unlisted: [] }, { ...mine, unlisted: [] });
  return found.map(({ key, there, here }) => line(key, there, here));
}

/** The run's pictures and options, computed from what this worker has. */
function ownSettings(asked: RunSettings, { dataset, info, names, identity }: WorkerFacts): RunSettings {
  const given: SettingsOptions = {
    dataset,
    sample: asked.sample ?? undefined,
    seed: asked.seed,
    shard: asked.shard === null ? undefined : parseShard(asked.shard),
    options: asked.options,
    identity,
  };
  return settingsOf(given, info, selectPictures(given).ids, names);
}

function line(key: string, there: string, here: string): string {
  const then =
    advice[key] ??
    (key.startsWith('options') ? undefined : 'give the same --dataset, --root and flags of the data set');
  return `${key}: the run has ${there}, this worker ${here}${then ? `; ${then}` : ''}`;
}
