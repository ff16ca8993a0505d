/** What the golden tests need: the addon, and the Python of its LibTorch. */
import type { NativeBinding } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';

export interface Golden {
  binding: NativeBinding;
  /** A Python that can import torch. */
  python: string;
}

/** The addon and the reference's Python, or the reason why the reference cannot run. */
export function openGolden(): Golden | string {
  const { binding, libtorch, python } = loadBinding();
  return python === null ? `no Python can import the torch of ${libtorch}` : { binding, python };
}
