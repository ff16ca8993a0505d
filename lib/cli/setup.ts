/** `invseg setup`: LibTorch, and the addon where the package has none that fits. */
import { InvSegError } from '../errors.js';
import type { SetupOptions, SetupPlan } from '../setup/index.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';
import { ProgressLine } from './terminal/progress.js';

export interface SetupFlags {
  cpu?: true;
  cuda?: true;
  wheel?: string;
  pip?: true;
  libtorch?: string;
  rebuild?: true;
  dryRun?: true;
}

/** Milliseconds between two states of the line that shows bytes. */
const BLINK = 100;

/**
 * @throws {InvSegError} `LIBTORCH_NOT_FOUND`, `DOWNLOAD_FAILED`, `WHEEL_INVALID`, `TOOL_MISSING`, `SETUP_FAILED`, `INVALID_OPTION`,
 * `ABORTED`
 */
export async function setupCommand({ cpu, cuda, dryRun, ...flags }: SetupFlags, io: Io): Promise<number> {
  if (cpu && cuda)
    throw new InvSegError('INVALID_OPTION', 'Expected --cpu or --cuda but found both: give one of them.');
  // What it needs for archives and pages is for no other command.
  const { planSetup, progressBar, runSetup } = await import('../setup/index.js');
  const line = new ProgressLine(io, progressBar, { terminal: BLINK });
  const options: SetupOptions = {
    ...flags,
    cuda: cuda ?? (cpu ? false : undefined),
    signal: io.signal,
    log: (text) => line.note(text),
    ...(io.terminal && { progress: (progress) => line.update(progress, progress.done === progress.total) }),
  };
  try {
    if (dryRun) {
      const plan = await planSetup(options);
      await plan.fetch?.close();
      io.out(await planText(plan));
      return EXIT.ok;
    }
    const report = await runSetup(options);
    const made = [report.installed && 'LibTorch installed', report.built && 'addon built'].filter(Boolean).join(', ');
    const { seconds, libtorchVersion, libtorch: root, folder } = report;
    io.out(
      `${made || 'nothing to do'} in ${seconds.toFixed(1)} s\nLibTorch ${libtorchVersion}: ${root}\naddon: ${folder}\n` +
        'next: npx invseg demo\n',
    );
    return EXIT.ok;
  } finally {
    line.clear();
  }
}

/** What would be done, from where, how large, and where it goes. */
async function planText({ current, found, fetch, pip, build }: SetupPlan): Promise<string> {
  const { bytesText, sizeText } = await import('../setup/index.js');
  const { libtorchCache, LIBTORCH_PIN } = await import('../native/index.js');
  const { freeBytes } = await import('../system/index.js');
  const lines: string[] = [];
  if (current)
    lines.push(
      `The addon is built with LibTorch ${current.libtorchVersion} in ${current.libtorch}: nothing would be done`,
    );
  else if (found) lines.push(`LibTorch ${found.version} is there (${found.source}): ${found.root}`);
  if (pip) lines.push(`torch ${LIBTORCH_PIN} would be installed with pip into ${libtorchCache()}`);
  if (fetch) {
    lines.push(`LibTorch ${fetch.version} would be fetched (${sizeText(fetch)}):`);
    for (const { filename, size, place, sha256 } of fetch.wheels) {
      const hash = sha256 ? `SHA-256 ${sha256.slice(0, 12)}…` : 'no hash given';
      lines.push(`  ${filename} ${size === undefined ? '' : `${bytesText(size)} `}from ${place}, ${hash}`);
    }
    lines.push(
      `It would go to ${fetch.folder}, about ${bytesText(fetch.unpacked)} unpacked; ${bytesText(freeBytes(fetch.folder))} are free`,
    );
  }
  if (build) lines.push('The addon would be built; CMake, a compiler and make are there');
  else if (!current) lines.push("The package's own addon fits; nothing would be built");
  return `${lines.join('\n')}\nNothing was written.\n`;
}
