/** Downloads the wheels of a plan, unpacks what of them is LibTorch, and puts it where the loader looks. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../../errors.js';
import { cacheFolder, INSTALLED } from '../../native/index.js';
import { makeFolderSync } from '../../system/index.js';
import { installed, type Marker } from '../installed.js';
import { withLock } from '../lock.js';
import { bytesText, type Progress } from '../progress.js';
import { checkSpace } from '../space.js';
import { type Log, step } from '../tools.js';
import { download } from './download.js';
import { isLibtorch } from './libtorch-files.js';
import type { Context } from './metadata.js';
import type { FetchPlan } from './plan.js';
import { Wheel } from './unpack.js';

export interface Placing {
  /** Takes `torch` and `nvidia`; what was there is replaced at the end. */
  folder: string;
  /** Whether somebody named torch's wheel. */
  named: boolean;
  /** Whether headers are needed too, to build the addon. */
  headers: boolean;
  /** Plans again once torch's own wheel is on this machine, where its index did not tell what it needs. */
  replan: (file: string) => Promise<FetchPlan>;
  env: NodeJS.ProcessEnv;
  log: Log;
  progress: (progress: Progress) => void;
}

/**
 * @returns root of the LibTorch
 * @throws {InvSegError} `DOWNLOAD_FAILED`, `WHEEL_INVALID`, `SETUP_FAILED`, `ABORTED`; nothing of an earlier installation is lost then
 */
export async function installWheels(given: FetchPlan, placing: Placing, context: Context): Promise<string> {
  const { folder, headers, env, log } = placing;
  return withLock(`${folder}.lock`, log, async () => {
    const there = installed(folder);
    // Another process may just have done it; a wheel that somebody names is taken whatever is there.
    const done = there?.torch === given.version && there.cuda === given.cuda && (there.headers !== false || !headers);
    if (there && done && !placing.named) return there.root;
    const files: string[] = [];
    let plan = given;
    for (let i = 0; i < plan.wheels.length; i++) {
      const wheel = plan.wheels[i]!;
      const what = `${wheel.url.startsWith('file:') ? 'Checking' : 'Downloading'} ${wheel.filename}`;
      if (!wheel.url.startsWith('file:'))
        log(`${what} from ${wheel.place}${wheel.sha256 ? '' : ', which gives no hash'}`);
      const advance = (done: number, total: number | undefined): void => placing.progress({ what, done, total });
      files.push(await download(context.web, wheel, downloadFolder(env), advance, context.signal));
      if (i === 0 && plan.incomplete) {
        const whole = await placing.replan(files[0]!);
        plan = { ...whole, wheels: [wheel, ...whole.wheels.slice(1)] };
      }
    }
    const root = await step(
      log,
      `Unpacking ${files.length === 1 ? 'LibTorch' : `${files.length} wheels`} into ${folder}`,
      () => unpack(plan, files, placing, context),
    );
    for (const [i, { url }] of plan.wheels.entries()) if (!url.startsWith('file:')) rmSync(files[i]!, { force: true });
    return root;
  });
}

export const downloadFolder = (env: NodeJS.ProcessEnv): string => path.join(cacheFolder(env), 'downloads');

async function unpack(plan: FetchPlan, files: string[], placing: Placing, context: Context): Promise<string> {
  const { folder, headers, progress } = placing;
  const chosen = isLibtorch(headers);
  const made = `${folder}.new`;
  rmSync(made, { recursive: true, force: true });
  const wheels: Wheel[] = [];
  try {
    for (const file of files) wheels.push(await Wheel.open(file));
    await checkVersion(wheels[0]!, plan.version, files[0]!);
    const bytes = wheels.reduce((sum, wheel) => sum + wheel.size(chosen), 0);
    checkSpace(folder, bytes, `LibTorch, unpacked (${bytesText(bytes)})`);
    makeFolderSync(made);
    let before = 0;
    for (const wheel of wheels) {
      await wheel.extract(
        chosen,
        made,
        (done) => progress({ what: 'Unpacking', done: before + done, total: bytes }),
        context.signal,
      );
      before += wheel.size(chosen);
    }
    const marker: Marker = { torch: plan.version, root: 'torch', cuda: plan.cuda, headers };
    writeFileSync(path.join(made, INSTALLED), `${JSON.stringify(marker)}\n`);
    // What runs with the old one has its files open; a new one is there at once or not at all.
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return path.join(folder, 'torch');
  } finally {
    for (const wheel of wheels) wheel.close();
    rmSync(made, { recursive: true, force: true });
  }
}

async function checkVersion(wheel: Wheel, version: string, file: string): Promise<void> {
  const own = /^Version:\s*(\S+)/m.exec((await wheel.info('METADATA')) ?? '')?.[1];
  if (own === version && wheel.names.some((name) => /^torch\/lib\/libtorch_cpu\./.test(name))) return;
  const what =
    own === version ? 'it has no libtorch_cpu' : `by its METADATA it is ${own ?? 'nothing'}, by its name ${version}`;
  throw new InvSegError('WHEEL_INVALID', `${file} is not a wheel of torch: ${what}. Give another one with --wheel.`);
}
