/** Looks at everything that a first mask needs, in the order in which it is needed. */
import { InvSegError } from '../errors.js';
import { openBundle } from '../models/index.js';
import { cacheFolder, LIBTORCH_PIN, thisHost } from '../native/index.js';
import { addonFor } from '../setup/index.js';
import { checkCache, checkNode, checkPlatform, SPACE } from './host.js';
import { checkAddon, checkDevice, checkLibtorch, findBuilt, probe } from './native.js';
import type { Finding } from './types.js';

/** A model beside the one in the package. */
export interface AskedModel {
  model?: string;
  trustCode?: boolean;
}

export type { Finding, Status } from './types.js';

/**
 * Nothing is changed, built or downloaded. The addon runs in processes of its own, so that one that crashes is a
 * finding.
 *
 * @param asked folder of a model to look at beside the one in the package, and whether its code is trusted; none runs
 */
export async function examine(asked: AskedModel = {}, env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const built = findBuilt(env);
  const libtorch = await checkLibtorch(built, env);
  const needed =
    (libtorch.status === 'failed' ? SPACE.libtorch : 0) +
    (built.why === undefined || addonFor({ version: LIBTORCH_PIN }) ? 0 : SPACE.build);
  // An addon that is named is wrong whatever LibTorch there is; for others a LibTorch comes first.
  const { finding: addon, loaded } =
    libtorch.status !== 'failed' || (built.named && built.why !== undefined)
      ? await checkAddon(built)
      : { finding: after('addon', 'libtorch') };
  const models = [await checkModel({}), ...(asked.model === undefined ? [] : [await checkModel(asked)])];
  const runs = loaded !== undefined && models[0]!.status === 'ok';
  return [
    checkNode(process.versions.node),
    checkPlatform(thisHost()),
    checkCache(cacheFolder(env), needed),
    libtorch,
    addon,
    loaded ? await checkDevice(loaded) : after('device', 'addon'),
    ...models,
    runs ? await selfTest(built.named) : after('self-test', loaded ? 'model' : 'addon'),
  ];
}

const after = (check: Finding['check'], missing: Finding['check']): Finding => ({
  check,
  status: 'skipped',
  summary: `not looked at, since ${missing} failed`,
});

async function checkModel({ model, trustCode }: AskedModel): Promise<Finding> {
  try {
    const bundle = await openBundle(model, { trustCode });
    const { name, version, license } = bundle.manifest;
    const weights = await bundle.weightsHash();
    return {
      check: 'model',
      status: 'ok',
      summary: `${name} ${version} in ${bundle.folder}, weights ${weights.slice(0, 12)}…`,
      facts: { name, version, license, folder: bundle.folder, weights },
    };
  } catch (error) {
    const foreign = error instanceof InvSegError && error.code === 'CODE_UNTRUSTED';
    const named = foreign
      ? 'give --trust-code, here and wherever it is opened, if you trust its author: its code is a program'
      : 'fetch the model again, or name another folder with --model';
    const wayOut = model === undefined ? 'install the package again: its files are damaged' : named;
    return { check: 'model', status: 'failed', summary: (error as Error).message.split('\n')[0]!, wayOut };
  }
}

/** A mask of a bundled picture: every one of its names must be found, and none everywhere. */
async function selfTest(named: boolean): Promise<Finding> {
  const failed = (summary: string): Finding => ({
    check: 'self-test',
    status: 'failed',
    summary,
    wayOut:
      `${named ? 'correct or unset INVSEG_ADDON' : 'run `npx invseg setup --rebuild`'}; if that does not help, report the output ` +
      'of `npx invseg doctor --json`',
  });
  const { answer, ended } = await probe('self-test');
  if (!answer) return failed(`the process that segments a bundled image ${ended}`);
  if ('code' in answer) return failed(answer.message.split('\n')[0]!);
  if (!('tested' in answer)) return failed('the process that segments a bundled image answered something else');
  const { picture, shares, seconds } = answer.tested;
  const lost = Object.entries(shares)
    .filter(([, share]) => share === 0 || share === 1)
    .map(([name]) => name);
  const told = Object.entries(shares)
    .map(([name, share]) => `${name} ${(100 * share).toFixed(0)} %`)
    .join(', ');
  if (lost.length > 0) return failed(`the mask of ${picture} is wrong: ${told}`);
  return {
    check: 'self-test',
    status: 'ok',
    summary: `${picture} segmented in ${seconds.toFixed(1)} s: ${told}`,
    facts: { ...answer.tested },
  };
}

export { findBuilt } from './native.js';
