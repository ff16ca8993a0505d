/** What is said where a LibTorch has libraries of CUDA that the dynamic linker could not map: it then knows the CPU alone. */
import { InvSegError } from '../errors.js';
import type { Addon } from './load.js';

/** Beginnings of the names of CUDA's libraries, and what they come with. */
const origins: readonly (readonly [RegExp, string])[] = [
  [/^lib(cuda|nvidia)\b/, "NVIDIA's driver"],
  [/^libcudnn/, 'cuDNN'],
  [/^libnccl/, 'NCCL'],
  [/^libcusparseLt/, 'cuSPARSELt'],
  [/^libnvshmem/, 'NVSHMEM'],
  [/^lib(cu|nv)[a-zA-Z]+\b/, "NVIDIA's CUDA toolkit"],
];

/** What an addon must know of itself for these messages. */
export type DeviceFacts = Pick<Addon, 'warnings' | 'libtorch' | 'libtorchVersion' | 'python'>;

let warned = false;

/**
 * Called before an engine is opened.
 *
 * `auto` runs on the CPU then, and Node's `warning` event says so once a process (or worker thread); `cpu` needs no CUDA.
 *
 * @throws {InvSegError} `DEVICE_UNAVAILABLE` for `cuda` and `cuda:<index>`: the library that is missing, what to install
 */
export function checkDevice(addon: DeviceFacts, device: string): void {
  if (addon.warnings.length === 0 || device === 'cpu') return;
  if (device !== 'auto')
    throw new InvSegError('DEVICE_UNAVAILABLE', `Device ${device} is not there: ${explain(addon)}`);
  if (warned) return;
  warned = true;
  process.emitWarning(`The CPU is used: ${explain(addon)}`, { type: 'InvSegWarning', code: 'DEVICE_UNAVAILABLE' });
}

/** The linker's own words on the first line, all of them below. */
function explain({ warnings, libtorch, libtorchVersion, python }: DeviceFacts): string {
  const missing = [
    ...new Set(warnings.flatMap((text) => /^(lib[^\s:]+): cannot open shared object file/.exec(text)?.[1] ?? [])),
  ];
  const installer = `\`${python ?? 'python3'} -m pip install torch==${libtorchVersion.split('+')[0]}\``;
  const wheel = `reinstall this LibTorch with the CUDA packages that it depends on (for a wheel: ${installer})`;
  const what = missing.map((library) => `${library}, which comes with ${originOf(library)}`).join('; ');
  const place = `the CUDA libraries of the LibTorch in ${libtorch} could not be loaded`;
  const first =
    missing.length > 0
      ? `${place} without ${what}. Install it and name its folder in LD_LIBRARY_PATH, or ${wheel}`
      : `${place} (${warnings[0]}). Try to ${wheel}`;
  return `${first}\n${warnings.map((text) => `  ${text}`).join('\n')}`;
}

function originOf(library: string): string {
  return origins.find(([name]) => name.test(library))?.[1] ?? 'the system or with CUDA';
}
