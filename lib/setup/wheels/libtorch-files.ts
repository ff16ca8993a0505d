/** What of torch's wheel, and of NVIDIA's that it needs, is LibTorch. */

const LIBRARY = /\.(so(\.\d+)*|dylib)$/;
/** Need Python, or belong to torch's tests. */
const NOT_LIBTORCH = /^lib(torch_python|shm|jitbackend_test|backend_with_compiler|torchbind_test|aoti_custom_ops)\./;

/**
 * @param headers whether the addon is to be built against it
 * @returns whether a file of a wheel, by its path in the wheel, belongs to LibTorch
 */
export function isLibtorch(headers: boolean): (name: string) => boolean {
  return (name) => {
    const parts = name.split('/');
    const [top, second] = parts;
    const file = parts.at(-1)!;
    if (top === 'torch') {
      if (name === 'torch/version.py') return true;
      if (second === 'lib') return parts.length === 3 && LIBRARY.test(file) && !NOT_LIBTORCH.test(file);
      return headers && second === 'include';
    }
    if (top === 'nvidia') {
      if (parts.length === 4 && parts[2] === 'lib') return LIBRARY.test(file);
      return headers && parts[2] === 'include';
    }
    return top!.endsWith('.dist-info') && isLicence(parts);
  };
}

/** Licences want to be where their libraries are. */
const isLicence = (parts: readonly string[]): boolean =>
  parts[1] === 'METADATA' || parts[1] === 'licenses' || /^(licen[cs]e|notice|copying)/i.test(parts[1] ?? '');
