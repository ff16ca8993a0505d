/**
 * Loads an addon with a LibTorch and computes a little with it, in a process of its own that may crash.
 *
 *     node first-load-child.js <shim> <LibTorch's lib folder> <addon>
 *
 * Ends with 0 where that went well, with 3 where the dynamic linker refused it: whoever loads it next gets that error himself.
 */
import { openAddon } from './open.js';

const [shim = '', libraries = '', addon = ''] = process.argv.slice(2);
const REFUSED = 3;

let binding: ReturnType<typeof openAddon>['binding'];
try {
  binding = openAddon(shim, libraries, addon).binding;
} catch {
  process.exit(REFUSED);
}
binding.info();
// Tensors, autograd and an operator's dispatch: where the C++ interface is another one, it is here that it shows.
const { selfGradient } = binding.clusterLoss(
  Float32Array.of(1, 0, 0, 1),
  Float32Array.of(0.5, 0.25, 0.5, 0.75),
  2,
  2,
  4,
  0.5,
  'printed',
  false,
);
process.exit(selfGradient.length === 4 && selfGradient.every(Number.isFinite) ? 0 : 1);
