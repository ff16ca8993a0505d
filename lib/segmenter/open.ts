/** Options → the parts of a segmenter: manifest and headers first, so that what cannot work is refused in milliseconds. */

import type { ModelFacts, SegmenterParts } from '../methods/index.js';
import type { Bundle } from '../models/index.js';
import { mapSelection, openBundle, resolutions, WeightWatch } from '../models/index.js';
import { checkDevice, loadBinding } from '../native/index.js';
import type { EngineOptions } from '../options/index.js';
import { ClipTokenizer, planPrompts } from '../text/index.js';

/** @throws {InvSegError} the codes of `Segmenter.open` */
export async function openParts({
  model,
  device,
  dtype,
  threads,
  checkFinite,
  trustCode,
  copyWeights,
}: EngineOptions): Promise<SegmenterParts> {
  const bundle = await openBundle(model, { trustCode });
  const { manifest, manifestFile, tokenizerFolder, vocabulary, engineConfig } = bundle;
  const { folder: _, ...ids } = manifest.tokenizer;
  const tokenizer = await ClipTokenizer.load(tokenizerFolder, { ...ids, vocabulary, manifest: manifestFile });
  const addon = loadBinding();
  checkDevice(addon, device);
  const watch = await WeightWatch.of(copyWeights ? [] : bundle.files.map((file) => file.path));
  // Of copied weights now: what becomes of their files is nothing to the engine, and must not be to its name.
  const identity = copyWeights ? await bundle.identity() : undefined;
  const engine = await addon.binding.openEngine({ ...engineConfig, device, dtype, threads, checkFinite, copyWeights });
  return {
    engine,
    checkWeights: () => watch.check(),
    identity: () => (identity ? Promise.resolve(identity) : bundle.identity()),
    model: modelFacts(bundle),
    threads: threads === 0 ? undefined : threads,
    selectMaps: (choice) => mapSelection(manifest, choice),
    buildPrompts: (input, request) => planPrompts(tokenizer, input, request),
  };
}

function modelFacts({ folder, manifest }: Bundle): ModelFacts {
  const { name, version, image, defaults, names } = manifest;
  return {
    name,
    version,
    folder,
    latentSize: image.latentSize,
    resolutions: resolutions(manifest),
    defaults: {
      training: defaults.training,
      inferenceCross: defaults.inference.cross,
      inferenceSelf: defaults.inference.self,
    },
    methods: defaults.methods,
    names,
  };
}
