/** `invseg setup` as a process in an installed package, with an index on this machine and no Python. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeTool } from '../setup/fakes.js';
import {
  cutAfter,
  type Index,
  type ServedFile,
  sendFile,
  startIndex,
  startProxy,
} from '../setup/wheels/index-server.js';
import { type Member, sha256, torchFiles, torchName, wheel } from '../setup/wheels/make-wheel.js';
import { install, pack, remove } from './install.js';

const LIBRARY = process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so';
let folder: string;
let project: string;
let bin: string;
let home: string;
let index: Index;
let torch: ServedFile;

/** A CMake that leaves the binaries of a build without compiling. */
const CMAKE = `
case "$*" in
  *--version*) echo "cmake version 3.25.1"; exit 0 ;;
  *--build*) ;;
  *) exit 0 ;;
esac
out=.
for word in "$@"; do [ "$before" = --build ] && out="$word"; before="$word"; done
mkdir -p "$out/Release"
for made in invseg.node invseg_shim.node; do echo made > "$out/Release/$made"; done
`;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-fetch-'));
  project = install(pack(folder).file);
  // Nothing but Node, the shell's own tools and a fake CMake: neither Python nor pip, uv, unzip or curl.
  bin = path.join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, path.join(bin, 'node'));
  for (const tool of ['sh', 'mkdir', 'echo', 'env', 'dirname'])
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${tool} || true`], { encoding: 'utf8' }).trim() || `/bin/${tool}`,
      path.join(bin, tool),
    );
  fakeTool(bin, 'cmake', CMAKE);
  for (const tool of ['c++', 'g++', 'gcc', 'make']) fakeTool(bin, tool, 'exit 0');
});
afterAll(() => {
  remove(folder);
  remove(project);
});

beforeEach(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'invseg home-'));
  torch = { name: torchName(), data: wheel(torchFiles()) };
  index = await startIndex([torch]);
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  remove(home);
});

const running = new Set<ReturnType<typeof spawn>>();

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

const main = (): string => path.join(project, 'node_modules', 'invseg-native', 'dist', 'cli', 'main.js');

/** One of its own: what this machine's pip is told must not matter. */
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: bin,
  HOME: home,
  PIP_CONFIG_FILE: '/dev/null',
  PIP_INDEX_URL: index.url,
  PIP_TIMEOUT: '5',
  ...more,
});

/** @param seen takes what is written to standard error so far */
function setup(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  seen?: (err: string, stop: () => void) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [main(), 'setup', ...args], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(env),
  });
  running.add(child);
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data));
  child.stderr.on('data', (data: Buffer) => {
    text.err += data;
    seen?.(text.err, () => child.kill('SIGINT'));
  });
  return new Promise((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, ...text });
    }),
  );
}

const cache = (): string => path.join(home, '.cache', 'invseg-native');
const libtorch = (version = '2.13.0'): string => path.join(cache(), 'libtorch', version, 'torch');
const marker = (version = '2.13.0'): unknown =>
  JSON.parse(readFileSync(path.join(libtorch(version), '..', 'complete.json'), 'utf8'));

/** The failed command's error, which is on standard error and has a code. */
function told({ code, err }: Ended): string {
  expect(code).toBe(1);
  expect(err).toMatch(/^code: [A-Z_]+$/m);
  expect(err).not.toMatch(/^ +at /m);
  return err.slice(err.indexOf('error: '));
}

describe('from an index, without Python', () => {
  it.each([true, false])('downloads, checks and unpacks LibTorch alone (JSON: %s)', async (json) => {
    index.json = json;
    const { code, out, err } = await setup(['--cpu']);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(readFileSync(path.join(libtorch(), 'lib', LIBRARY), 'utf8')).toBe('library '.repeat(4000));
    expect(existsSync(path.join(libtorch(), 'lib', 'libtorch_python.so'))).toBe(false);
    expect(existsSync(path.join(libtorch(), 'nn'))).toBe(false);
    expect(marker()).toMatchObject({ torch: '2.13.0+cpu', root: 'torch', cuda: null });
    expect(out).toContain('LibTorch installed');
    expect(out).toContain(libtorch());
    expect(err).toMatch(/Fetching LibTorch 2\.13\.0\+cpu \(CPU, \d+ kB\)/);
    expect(err).toMatch(/Downloading torch-2\.13\.0\+cpu.*: \d+ kB of \d+ kB \(100 %\)/);
    // What is not a terminal has no cursor to move.
    expect(err).not.toMatch(/[\r\u001b]/);
    // The wheel has done its work.
    expect(readdirSync(path.join(cache(), 'downloads'))).toEqual([]);
    expect(readdirSync(path.join(cache(), 'libtorch'))).toEqual(['2.13.0']);
  });

  it.runIf(existsSync('/usr/bin/script'))('shows bytes in one line that changes on a terminal', async () => {
    const command = ['node', main(), 'setup', '--cpu'].map((word) => `'${word}'`).join(' ');
    const child = spawn('/usr/bin/script', ['-qefc', command, '/dev/null'], {
      cwd: project,
      env: environment(),
      stdio: 'pipe',
    });
    running.add(child);
    let shown = '';
    child.stdout.on('data', (data: Buffer) => (shown += data));
    const code = await new Promise((resolve) => child.on('close', resolve));
    running.delete(child);
    expect({ code, shown: code === 0 ? '' : shown }).toEqual({ code: 0, shown: '' });
    const changing = shown.split('\n').filter((line) => line.includes('\r\u001b[K'));
    expect(changing.join('')).toMatch(/\[#{20}\] \d+ kB of \d+ kB Downloading torch-2\.13/);
    expect(changing.length).toBeLessThan(5);
  });

  it('does it once', async () => {
    await setup(['--cpu']);
    index.asked.length = 0;
    const { code, out } = await setup(['--cpu']);
    expect({ code, asked: index.asked }).toEqual({ code: 0, asked: [] });
    expect(out).not.toContain('LibTorch installed');
  });

  it('takes the build for the CPU, the newest Python, and one for this host', async () => {
    const others = [
      torchName('2.13.0+cu130'),
      torchName('2.13.0+cpu', 'cp310'),
      torchName('2.12.0+cpu'),
      torchName('2.13.0+cpu', 'cp313t'),
    ];
    index.files.push(...others.map((name) => ({ name, data: Buffer.from('no') })));
    index.files.push({ name: 'torch-2.13.0+cpu-cp314-cp314-win_amd64.whl', data: Buffer.from('no') });
    const { code, err } = await setup(['--cpu']);
    expect({ code, got: /Downloading (\S+) from/.exec(err)?.[1] }).toEqual({ code: 0, got: torch.name });
  });

  it('says everything first, and writes nothing, with --dry-run', async () => {
    const { code, out } = await setup(['--cpu', '--dry-run']);
    expect(code).toBe(0);
    expect(out).toMatch(/^LibTorch 2\.13\.0\+cpu would be fetched \(CPU, \d+ kB\):$/m);
    expect(out).toContain(`${torch.name} `);
    expect(out).toContain(`from ${index.url}, SHA-256 ${sha256(torch.data).slice(0, 12)}`);
    expect(out).toMatch(
      new RegExp(`It would go to ${path.dirname(libtorch())}, about \\d+ kB unpacked; [\\d.]+ [GM]B are free`),
    );
    expect(readdirSync(home)).toEqual([]);
    expect(index.asked.map(({ path: at }) => at)).toEqual(['/simple/torch/']);
  });

  it('fetches NVIDIA’s libraries beside it for CUDA, as METADATA asks for them', async () => {
    const library = (name: string): Member[] => [{ name: `nvidia/cu13/lib/${name}`, data: name }];
    const linux = 'platform_system == "Linux"';
    const requires = [
      'filelock',
      `cuda-toolkit[cublas]==13.0.3; ${linux}`,
      `nvidia-nccl-cu13==2.30.7; ${linux}`,
      'triton~=3.8.0',
    ];
    const arch = process.arch === 'x64' ? 'x86_64' : 'aarch64';
    const packages: [string, string, Buffer][] = [
      ['nvidia_cublas', '13.1.1.3', wheel(library('libcublas.so.13'), { name: 'nvidia-cublas', version: '13.1.1.3' })],
      ['nvidia_cublas', '13.2.0', Buffer.from('newer than what is wanted')],
      [
        'nvidia_nccl_cu13',
        '2.30.7',
        wheel([{ name: 'nvidia/nccl/lib/libnccl.so.2', data: 'nccl' }], {
          name: 'nvidia-nccl-cu13',
          version: '2.30.7',
        }),
      ],
    ];
    const toolkit = wheel([], {
      name: 'cuda-toolkit',
      version: '13.0.3.0',
      requires: [
        `nvidia-cublas==13.1.1.3.*; sys_platform == 'linux' and extra == 'cublas'`,
        "nvidia-cufft==12.*; extra == 'cufft'",
      ],
    });
    torch.name = torchName('2.13.0');
    torch.data = wheel(torchFiles('2.13.0'), { version: '2.13.0', requires });
    index.files.push({ name: 'cuda_toolkit-13.0.3.0-py2.py3-none-any.whl', data: toolkit });
    for (const [name, version, data] of packages)
      index.files.push({ name: `${name}-${version}-py3-none-manylinux_2_27_${arch}.whl`, data });

    // What the index does not tell of torch is known when its wheel is there; one that tells it lists all at once.
    const partly = await setup(['--cuda', '--dry-run']);
    expect(partly.out).toMatch(/would be fetched \(CUDA, \d+ kB and NVIDIA's wheels, about 2\.1 GB\)/);
    index.metadata = true;
    torch.metadata = `Name: torch\n${requires.map((requirement) => `Requires-Dist: ${requirement}\n`).join('')}`;
    const dry = await setup(['--cuda', '--dry-run']);
    expect(dry.out).toMatch(/would be fetched \(CUDA 13\.0, \d+ kB in 3 wheels\)/);
    expect(dry.out).toContain('nvidia_cublas-13.1.1.3-py3');
    index.metadata = false;
    const { code, err } = await setup(['--cuda']);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(
      readdirSync(path.join(libtorch(), '..', 'nvidia'), { recursive: true })
        .map(String)
        .sort(),
    ).toEqual(['cu13', 'cu13/lib', 'cu13/lib/libcublas.so.13', 'nccl', 'nccl/lib', 'nccl/lib/libnccl.so.2']);
    expect(marker()).toMatchObject({ torch: '2.13.0', cuda: '13.0' });
    // The other kind takes its place.
    index.files.push({ name: torchName(), data: wheel(torchFiles()) });
    expect((await setup(['--cpu'])).code).toBe(0);
    expect(marker()).toMatchObject({ torch: '2.13.0+cpu', cuda: null });
  });
});

describe('with --wheel', () => {
  it('needs no network and no Python', async () => {
    const file = path.join(home, torch.name);
    writeFileSync(file, torch.data);
    const { code, err } = await setup(['--wheel', file], { PIP_INDEX_URL: 'http://127.0.0.1:9/simple' });
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(marker()).toMatchObject({ torch: '2.13.0+cpu' });
    // It is the user's file.
    expect(existsSync(file)).toBe(true);
  });

  it('takes an address, of another release too, whose hash may be at its end', async () => {
    const other = { name: torchName('2.14.1+cpu'), data: wheel(torchFiles('2.14.1+cpu'), { version: '2.14.1+cpu' }) };
    index.files.push(other);
    const url = `${index.origin}/files/${encodeURIComponent(other.name)}`;
    expect(told(await setup(['--wheel', `${url}#sha256=${'0'.repeat(64)}`]))).toContain('0'.repeat(64));
    const { code } = await setup(['--wheel', `${url}#sha256=${sha256(other.data)}`]);
    expect(code).toBe(0);
    expect(marker('2.14.1')).toMatchObject({ torch: '2.14.1+cpu' });
  });

  it.each([
    ['another package', 'numpy-2.4.6-cp312-cp312-manylinux_2_28_x86_64.whl', /is one of numpy/],
    ['a release that is not supported', torchName('2.4.0+cpu'), /is of 2\.4\.0\+cpu/],
    ['a wheel for Windows', 'torch-2.13.0+cpu-cp312-cp312-win_amd64.whl', /is not for/],
    ['no wheel', 'libtorch.zip', /does not have the name of one/],
    ['a file that is not there', torchName('2.12.0+cpu'), /does not exist/],
  ])('refuses %s at once', async (_, name, why) => {
    const { code, err } = await setup(['--wheel', path.join(home, name)]);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --wheel: expected a wheel of torch 2\.11 to 2\.14/);
    expect(err).toMatch(why);
  });

  it('refuses what only bears the name, and keeps the LibTorch that is there', async () => {
    await setup(['--cpu']);
    const file = path.join(home, torch.name);
    writeFileSync(file, wheel([{ name: 'torch/version.py', data: "__version__ = '2.13.0'" }], { version: '2.12.0' }));
    expect(told(await setup(['--wheel', file]))).toContain('WHEEL_INVALID');
    writeFileSync(
      file,
      wheel(torchFiles(), { record: (rows) => rows.map((row) => row.replace(/sha256=..../, 'sha256=AAAA')) }),
    );
    expect(told(await setup(['--wheel', file]))).toContain('WHEEL_INVALID');
    expect(marker()).toMatchObject({ torch: '2.13.0+cpu' });
    expect(readdirSync(path.join(cache(), 'libtorch'))).toEqual(['2.13.0']);
  });

  it('and contradictions are wrong usage', async () => {
    for (const args of [
      ['--cpu', '--cuda'],
      ['--cpu', '--libtorch', home],
    ])
      expect((await setup(args)).code).toBe(2);
    expect((await setup(['--cpu'], { INVSEG_LIBTORCH: home })).err).toContain(
      'INVSEG_LIBTORCH names one to use instead',
    );
  });
});

describe('an index that does not do', () => {
  it('with a wrong hash: nothing is unpacked', async () => {
    torch.hash = 'e'.repeat(64);
    const message = told(await setup(['--cpu']));
    expect(message).toContain('DOWNLOAD_FAILED');
    expect(message).toContain('e'.repeat(64));
    expect(existsSync(path.join(cache(), 'libtorch', '2.13.0'))).toBe(false);
  });

  it('without the package, or without this release: says what it has', async () => {
    index.files = [];
    expect(told(await setup(['--cpu']))).toContain(`${index.url}: has no wheel of torch`);
    index.files = [{ ...torch, name: torchName('2.9.0+cpu') }];
    const message = told(await setup(['--cpu']));
    expect(message.split('\n')[0]).toMatch(
      /^error: No wheel of torch 2\.13\.0 for the CPU and \w+ \w+.* was found\. Looked at:$/,
    );
    expect(message).toContain('has 2.9.0+cpu alone');
    expect(message).toContain('--wheel FILE');
  });

  it('with a build for CUDA alone: says so', async () => {
    index.files = [{ ...torch, name: torchName('2.13.0') }];
    if (process.platform === 'linux') expect(told(await setup(['--cpu']))).toContain('a build for CUDA');
  });

  it('that wants a user: says how to give one, and shows none', async () => {
    index.first = (request, response) => {
      if (request.headers.authorization === `Basic ${Buffer.from('alice:s3cret').toString('base64')}`) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      return true;
    };
    expect(told(await setup(['--cpu']))).toMatch(/HTTP 401.*PIP_INDEX_URL=https:\/\/user:token@host\/simple/);
    const PIP_INDEX_URL = index.url.replace('://', '://alice:s3cret@');
    const { code, out, err } = await setup(['--cpu'], { PIP_INDEX_URL });
    expect(code).toBe(0);
    expect(out + err).not.toContain('s3cret');
  });

  it('that cannot be reached: the further one is asked', async () => {
    const { code } = await setup(['--cpu'], {
      PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
      PIP_EXTRA_INDEX_URL: index.url,
    });
    expect(code).toBe(0);
    remove(cache());
    const message = told(await setup(['--cpu'], { PIP_INDEX_URL: 'http://127.0.0.1:9/simple' }));
    expect(message).toContain('127.0.0.1:9/simple/torch/ cannot be reached');
    expect(message).toContain('HTTPS_PROXY');
  });

  it('that is not secure: is not asked', async () => {
    expect(told(await setup(['--cpu'], { PIP_INDEX_URL: 'http://plain.example/simple' }))).toContain('is not secure');
  });
});

it('an interrupted download goes on with the next set-up', async () => {
  const data = wheel(
    torchFiles('2.13.0+cpu', [
      { name: 'torch/big.bin', data: Buffer.from(Array.from({ length: 500_000 }, Math.random)) },
    ]),
  );
  torch.data = data;
  let stalled = true;
  torch.answer = (request, response) => {
    if (!stalled) return sendFile(data, request, response);
    response.writeHead(200, { 'content-length': data.length });
    response.write(data.subarray(0, data.length >> 1));
  };
  let stopped = false;
  const first = await setup(['--cpu'], {}, (err, stop) => {
    if (stopped || !/\(4\d %\)|\(50 %\)/.test(err)) return;
    stopped = true;
    stop();
  });
  expect(first.code).toBe(130);
  expect(first.err).toContain('code: ABORTED');
  const [part] = readdirSync(path.join(cache(), 'downloads')).filter((name) => name.endsWith('.part'));
  expect(part).toBe(`${torch.name}.part`);
  stalled = false;
  index.asked.length = 0;
  expect((await setup(['--cpu'])).code).toBe(0);
  expect(index.asked.find(({ path: at }) => at.startsWith('/files/'))!.range).toMatch(/^bytes=[1-9]\d*-$/);
});

it('a connection that is cut goes on in the same set-up', async () => {
  let cuts = 0;
  torch.answer = (request, response) =>
    cuts++ < 2 ? cutAfter(torch.data, 200)(request, response) : sendFile(torch.data, request, response);
  expect((await setup(['--cpu'])).code).toBe(0);
  expect(cuts).toBe(3);
});

describe('settings of pip', () => {
  it('from its file: index, links, proxy', async () => {
    const proxy = await startProxy();
    const file = path.join(home, 'pip.conf');
    writeFileSync(file, `[global]\nindex-url = ${index.url}\nproxy = ${proxy.url}\n`);
    const { code } = await setup(['--cpu'], { PIP_CONFIG_FILE: file, PIP_INDEX_URL: '' });
    expect(code).toBe(0);
    expect(proxy.passed).toContain(`${index.origin}/files/${torch.name}`);
    remove(cache());
    // pip has no way to write a space in a path.
    const wheels = path.join(folder, 'wheels');
    mkdirSync(wheels);
    writeFileSync(path.join(wheels, torch.name), torch.data);
    writeFileSync(file, `[global]\nno-index = true\nfind-links =\n    ${wheels}\n`);
    index.asked.length = 0;
    const offline = await setup(['--cpu'], { PIP_CONFIG_FILE: file });
    expect({ code: offline.code, asked: index.asked }).toEqual({ code: 0, asked: [] });
  });

  it('for certificates: PIP_CERT, and PIP_TRUSTED_HOST without one', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(home, name)) as [string, string];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      if (request.url === '/simple/torch/')
        return void response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(`<a href="../../files/${encodeURIComponent(torch.name)}">t</a>`);
      sendFile(torch.data, request, response);
    });
    await new Promise<void>((done) => server.listen(0, 'localhost', done));
    try {
      const PIP_INDEX_URL = `https://localhost:${(server.address() as AddressInfo).port}/simple`;
      const message = told(await setup(['--cpu'], { PIP_INDEX_URL }));
      expect(message).toContain('PIP_CERT');
      expect((await setup(['--cpu'], { PIP_INDEX_URL, PIP_CERT: cert })).code).toBe(0);
      remove(cache());
      const proxy = await startProxy();
      const through = { PIP_INDEX_URL, PIP_TRUSTED_HOST: 'localhost', HTTPS_PROXY: proxy.url };
      expect((await setup(['--cpu'], through)).code).toBe(0);
      expect(proxy.passed[0]).toMatch(/^localhost:\d+$/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('before anything is fetched', () => {
  it('a cache that cannot be written is said', async () => {
    const file = path.join(home, 'file');
    writeFileSync(file, '');
    expect(told(await setup(['--cpu'], { INVSEG_CACHE: path.join(file, 'cache') }))).toMatch(/SETUP_FAILED/);
  });

  const mounts = process.platform === 'linux' && process.getuid?.() === 0;
  it.runIf(mounts)('so is a disk without room', async () => {
    const disk = path.join(home, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      torch.size = 190_000_000;
      const message = told(await setup(['--cpu'], { INVSEG_CACHE: disk }));
      expect(message).toMatch(/^error: .* are free for .*, and LibTorch for the CPU needs 6\d\d MB: make room/);
      expect(index.asked.map(({ path: at }) => at)).toEqual(['/simple/torch/']);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

it('an old driver gets LibTorch for the CPU, and is told', async () => {
  if (process.platform !== 'linux') return;
  const old = path.join(home, 'bin');
  fakeTool(old, 'nvidia-smi', "echo 'NVIDIA A10, 535.104.05, 8.6, 23028'");
  chmodSync(path.join(old, 'nvidia-smi'), 0o755);
  const { code, err } = await setup([], { PATH: `${bin}:${old}` });
  expect(code).toBe(0);
  expect(err).toMatch(
    /NVIDIA A10 has the driver 535\.104\.05, and LibTorch 2\.13\.0 for CUDA 13 needs 580: taking LibTorch for the CPU/,
  );
  expect(marker()).toMatchObject({ cuda: null });
});
