/** Names, versions, requirements and pages: what an index and a wheel say of themselves. */
import { describe, expect, it } from 'vitest';
import { readIndexPage, toLink } from '../../../lib/setup/wheels/index-page.js';
import { isLibtorch } from '../../../lib/setup/wheels/libtorch-files.js';
import { holds, markerVariables, parseRequirement, requirementsOf } from '../../../lib/setup/wheels/requirements.js';
import { compareVersions, parseVersion, satisfies } from '../../../lib/setup/wheels/versions.js';
import { fitsHost, parseWheelName } from '../../../lib/setup/wheels/wheel-name.js';

const linux = { platform: 'linux', arch: 'x64', glibc: '2.36' } as const;
const mac = { platform: 'darwin', arch: 'arm64', glibc: undefined } as const;

describe('the name of a wheel', () => {
  it('has five parts, or six with a build number', () => {
    const name = 'nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl';
    expect(parseWheelName(name)).toEqual({
      name: 'nvidia-cuda-nvrtc',
      version: '13.0.88',
      python: 'py3',
      abi: 'none',
      platforms: ['manylinux2010_x86_64', 'manylinux_2_12_x86_64'],
    });
    expect(parseWheelName('torch-2.13.0-1-cp312-cp312-linux_x86_64.whl')).toMatchObject({
      version: '2.13.0',
      python: 'cp312',
    });
    expect(parseWheelName('torch-2.13.0.tar.gz')).toBeUndefined();
    expect(parseWheelName('torch.whl')).toBeUndefined();
  });

  it.each([
    ['manylinux_2_28_x86_64', linux, true],
    ['manylinux_2_36_x86_64', linux, true],
    ['manylinux_2_39_x86_64', linux, false],
    ['manylinux2014_x86_64', linux, true],
    ['manylinux_3_0_x86_64', linux, false],
    ['musllinux_1_2_x86_64', linux, false],
    ['linux_x86_64', linux, true],
    ['manylinux_2_28_aarch64', linux, false],
    ['win_amd64', linux, false],
    ['macosx_11_0_arm64', linux, false],
    ['any', linux, true],
    ['macosx_11_0_arm64', mac, true],
    ['macosx_11_0_x86_64', mac, false],
    ['manylinux_2_28_aarch64', { platform: 'linux', arch: 'arm64', glibc: '2.28' }, true],
    ['manylinux_2_28_x86_64', { platform: 'linux', arch: 'x64', glibc: undefined }, false],
  ] as const)('%s on %j: %s', (tag, host, fits) => {
    expect(fitsHost(parseWheelName(`torch-2.13.0-cp312-cp312-${tag}.whl`)!, host)).toBe(fits);
  });
});

describe('versions', () => {
  it.each([
    ['2.13.0+cpu', '==2.13.0', true],
    ['2.13.0', '==2.13.0+cpu', false],
    ['2.13.0+cpu', '==2.13.0+cpu', true],
    ['2.13', '==2.13.0', true],
    ['2.13.0rc1', '==2.13.0', false],
    ['2.13.1', '==2.13.0', false],
    ['13.1.1.3', '==13.1.1.3.*', true],
    ['13.1.1.30', '==13.1.1.3.*', false],
    ['13.4.92', '<14,>=13.0.88', true],
    ['14.0.1', '<14,>=13.0.88', false],
    ['13.0.87', '<14,>=13.0.88', false],
    ['3.8.4', '~=3.8.0', true],
    ['3.9.0', '~=3.8.0', false],
    ['1.0', '!=1.0', false],
    ['1.0.post1', '>1.0', true],
    ['1.0', '', true],
    ['1.0', '@ https://elsewhere', false],
  ])('%s and %s: %s', (version, specifier, does) => {
    expect(satisfies(version, specifier)).toBe(does);
  });

  it('have an order', () => {
    const sorted = ['2.9.1', '2.10.0', '2.10.0.post1', '2.11'];
    expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
    expect(parseVersion('latest')).toBeUndefined();
  });
});

describe('requirements', () => {
  const toolkit =
    'cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux" and (platform_machine == "x86_64" or extra == "all")';

  it('are read with extras, versions and markers, and not in the description', () => {
    const metadata = `Name: torch\nRequires-Dist: filelock\nRequires-Dist: ${toolkit}\nRequires-Dist: a (>=1)\n\nRequires-Dist: b`;
    expect(requirementsOf(metadata)).toEqual([
      { name: 'filelock', extras: [], specifier: '', marker: '' },
      parseRequirement(toolkit),
      { name: 'a', extras: [], specifier: '>=1', marker: '' },
    ]);
    expect(parseRequirement(toolkit)).toMatchObject({
      name: 'cuda-toolkit',
      extras: ['cublas', 'cudart'],
      specifier: '==13.0.3',
    });
  });

  it.each([
    ['', true],
    ['platform_system == "Linux"', true],
    ["sys_platform == 'win32'", false],
    [
      "(sys_platform == 'linux' and platform_machine == 'aarch64' or sys_platform == 'linux' and platform_machine == 'x86_64') and extra == 'cublas'",
      true,
    ],
    ["platform_machine == 'x86_64' and extra == 'all'", false],
    ['python_version < "3.15"', true],
    ['python_version >= "3.9"', true],
    ['python_version < "3.9"', false],
    ['implementation_name != "pypy"', true],
  ])('%s: %s', (marker, does) => {
    expect(holds(marker, markerVariables(linux, '3.12'), ['cublas'])).toBe(does);
  });

  it.each(['platform_system ==', '(os_name == "posix"', 'mystery == "1"', 'os_name == "posix" os_name'])(
    '%s is none',
    (marker) => {
      expect(() => holds(marker, markerVariables(linux, '3.12'), [])).toThrow(SyntaxError);
    },
  );
});

describe('a page of an index', () => {
  const hash = 'a'.repeat(64);

  it('in HTML: relative addresses, hashes, entities, what was yanked', () => {
    const page = `<!DOCTYPE html><html><head><base href="/mirror/"></head><body>
      <a href="../files/torch-2.13.0%2Bcpu-cp312-cp312-linux_x86_64.whl#sha256=${hash.toUpperCase()}" data-core-metadata="true">t</a>
      <a data-yanked="broken" href='https://files.example/torch-2.12.0-cp312-cp312-linux_x86_64.whl?token=1&amp;x=2'>t</a>
      <a href="torch-2.13.0.tar.gz">source</a> <a href="javascript:alert(1)">no</a> <a name="top">no</a>
    </body></html>`;
    expect(readIndexPage(page, 'text/html; charset=utf-8', 'https://index.example/simple/torch/')).toEqual([
      {
        filename: 'torch-2.13.0+cpu-cp312-cp312-linux_x86_64.whl',
        url: 'https://index.example/files/torch-2.13.0%2Bcpu-cp312-cp312-linux_x86_64.whl',
        sha256: hash,
        size: undefined,
        yanked: false,
        metadata: true,
      },
      {
        filename: 'torch-2.12.0-cp312-cp312-linux_x86_64.whl',
        url: 'https://files.example/torch-2.12.0-cp312-cp312-linux_x86_64.whl?token=1&x=2',
        sha256: undefined,
        size: undefined,
        yanked: true,
        metadata: false,
      },
    ]);
  });

  it('in JSON, of which nothing is trusted', () => {
    const name = 'torch-2.13.0-cp312-cp312-linux_x86_64.whl';
    const files = [
      { filename: name, url: `files/${name}`, hashes: { sha256: hash }, size: 12, 'core-metadata': { sha256: hash } },
      { filename: name, url: 'file', hashes: { sha256: 'short' }, size: -1, yanked: 'why' },
      { filename: '../../evil.whl', url: 'x' },
      { filename: 7, url: 7 },
      null,
    ];
    const links = readIndexPage(
      JSON.stringify({ files }),
      'application/vnd.pypi.simple.v1+json',
      'https://i.example/simple/torch/',
    );
    expect(links).toMatchObject([
      {
        filename: name,
        url: `https://i.example/simple/torch/files/${name}`,
        sha256: hash,
        size: 12,
        yanked: false,
        metadata: true,
      },
      { filename: name, sha256: undefined, size: undefined, yanked: true, metadata: false },
    ]);
    expect(readIndexPage('{"files": 3}', 'application/vnd.pypi.simple.v1+json', 'https://i.example/')).toEqual([]);
    expect(() => readIndexPage('<html>', 'application/vnd.pypi.simple.v1+json', 'https://i.example/')).toThrow(
      SyntaxError,
    );
  });

  it('links no name that is a path', () => {
    for (const href of [
      'a%2F..%2Fb.whl',
      '.whl/',
      'ftp://x.example/a-1-py3-none-any.whl',
      'file:///a-1-py3-none-any.whl',
    ]) {
      expect(toLink(href, 'https://i.example/')).toBeUndefined();
    }
  });
});

it('of a wheel, LibTorch is the libraries, and headers where something is built', () => {
  const names = [
    'torch/version.py',
    'torch/lib/libtorch_cpu.so',
    'torch/lib/libgomp.so.1',
    'torch/lib/libtorch_cpu.dylib',
    'torch/lib/libtorch_python.so',
    'torch/lib/libjitbackend_test.so',
    'torch/lib/libshm/libshm.h',
    'torch/include/torch/script.h',
    'torch/nn/functional.py',
    'torch/bin/protoc',
    'nvidia/cudnn/lib/libcudnn.so.9',
    'nvidia/cu13/lib/libcudart_static.a',
    'nvidia/cu13/include/cuda.h',
    'torch-2.13.0.dist-info/METADATA',
    'torch-2.13.0.dist-info/licenses/third_party/fmt/LICENSE',
    'torch-2.13.0.dist-info/RECORD',
    'functorch/__init__.py',
  ];
  const libraries = [
    'torch/version.py',
    'torch/lib/libtorch_cpu.so',
    'torch/lib/libgomp.so.1',
    'torch/lib/libtorch_cpu.dylib',
    'nvidia/cudnn/lib/libcudnn.so.9',
    'torch-2.13.0.dist-info/METADATA',
    'torch-2.13.0.dist-info/licenses/third_party/fmt/LICENSE',
  ];
  expect(names.filter(isLibtorch(false))).toEqual(libraries);
  const headers = ['torch/include/torch/script.h', 'nvidia/cu13/include/cuda.h'];
  expect(names.filter(isLibtorch(true)).sort()).toEqual([...libraries, ...headers].sort());
});
