/** Versions of what torch brings along, so that two installations of one version of this package are the same. */

/** For pip's `--constraint`. Python 3.10 is older than some of them, and gets what fits. */
export const COMPANIONS = [
  'filelock==4.0.8',
  'fsspec==2026.9.0',
  'Jinja2==3.1.6',
  'MarkupSafe==3.0.3',
  'mpmath==1.3.0',
  'networkx==3.6.1',
  'numpy==2.4.6',
  'sympy==1.14.0',
  'typing_extensions==4.16.0',
]
  .map((pin) => `${pin}; python_version >= "3.11"\n`)
  .join('');
