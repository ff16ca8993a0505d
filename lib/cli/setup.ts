/** `invseg setup`: LibTorch and the addon, for installations whose scripts did not run. */
import { runSetup } from '../setup/index.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';

export interface SetupFlags {
  libtorch?: string;
  rebuild?: true;
}

/** @throws {InvSegError} `LIBTORCH_NOT_FOUND`, `TOOL_MISSING`, `SETUP_FAILED` */
export async function setupCommand({ libtorch, rebuild }: SetupFlags, io: Io): Promise<number> {
  const report = await runSetup({ libtorch, rebuild, log: (line) => io.err(`${line}\n`) });
  const made = [report.installed && 'LibTorch installed', report.built && 'addon built'].filter(Boolean).join(', ');
  const { seconds, libtorchVersion, libtorch: root, folder } = report;
  io.out(
    `${made || 'nothing to do'} in ${seconds.toFixed(1)} s\nLibTorch ${libtorchVersion}: ${root}\naddon: ${folder}\n`,
  );
  return EXIT.ok;
}
