/** Downloads from a server on this machine that is slow, cut off, wrong or full of surprises. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../../lib/setup/wheels/download.js';
import { type PipSettings, pipSettings } from '../../../lib/setup/wheels/pip-config.js';
import { Web } from '../../../lib/setup/wheels/web.js';
import { temporaryFolder } from '../fakes.js';
import { cutAfter, type Index, type ServedFile, sendFile, startIndex, startProxy } from './index-server.js';
import { sha256 } from './make-wheel.js';

const NAME = 'torch-2.13.0-py3-none-any.whl';
const data = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));

let folder: string;
let index: Index;
let file: ServedFile;
const settings: PipSettings = { ...pipSettings({ PIP_CONFIG_FILE: '/dev/null' }), timeout: 5 };
beforeEach(async () => {
  folder = temporaryFolder();
  file = { name: NAME, data };
  index = await startIndex([file]);
});

interface Given {
  url?: string;
  hash?: string | null;
  size?: number;
  settings?: Partial<PipSettings>;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  advance?: (done: number) => void;
}

async function fetchIt({
  url,
  hash,
  size,
  env = {},
  signal,
  advance = () => {},
  ...given
}: Given = {}): Promise<string> {
  const web = new Web({ ...settings, ...given.settings }, [], { HOME: folder, ...env });
  const sha = hash === null ? undefined : (hash ?? sha256(data));
  const wanted = { filename: NAME, url: url ?? `${index.origin}/files/${NAME}`, sha256: sha, size };
  try {
    return await download(web, wanted, path.join(folder, 'downloads'), advance, signal);
  } finally {
    await web.close();
  }
}

const failure = (given: Given): Promise<Error & { code: string }> =>
  fetchIt(given).then(
    () => expect.unreachable('it came through'),
    (error: unknown) => error as Error & { code: string },
  );
/** Bytes of the download that are on the disk. */
const there = (): number =>
  statSync(path.join(folder, 'downloads', `${NAME}.part`), { throwIfNoEntry: false })?.size ?? 0;
const ranges = (): (string | undefined)[] => index.asked.map(({ range }) => range);
const left = (): string[] =>
  existsSync(path.join(folder, 'downloads')) ? readdirSync(path.join(folder, 'downloads')).sort() : [];

it('is the file, checked, with bytes on the way', async () => {
  const seen: number[] = [];
  const got = await fetchIt({ advance: (done) => seen.push(done) });
  expect(readFileSync(got).equals(data)).toBe(true);
  expect(seen.at(-1)).toBe(data.length);
  expect(left()).toEqual([NAME]);
  // And is not asked for again.
  await fetchIt();
  expect(index.asked).toHaveLength(1);
});

describe('a connection that is cut', () => {
  it('goes on where it was', async () => {
    let cuts = 0;
    file.answer = (request, response) => {
      if (cuts++ < 3) cutAfter(data, 60_000, there)(request, response);
      else sendFile(data, request, response);
    };
    expect(readFileSync(await fetchIt()).equals(data)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=60000-', 'bytes=120000-', 'bytes=180000-']);
  });

  it('again and again without a byte is an error, and the next set-up goes on', async () => {
    file.answer = (request, response) =>
      request.headers.range ? void response.destroy() : cutAfter(data, 60_000, there)(request, response);
    const { code, message } = await failure({});
    expect(code).toBe('DOWNLOAD_FAILED');
    expect(message).toMatch(/cannot be reached|was cut after/);
    expect(left()).toEqual([`${NAME}.part`, `${NAME}.part.json`]);
    delete file.answer;
    index.asked.length = 0;
    expect(readFileSync(await fetchIt()).equals(data)).toBe(true);
    expect(ranges()).toEqual(['bytes=60000-']);
  });

  it('by Ctrl-C keeps what is there', async () => {
    const stop = new AbortController();
    file.answer = (_, response) => {
      response.writeHead(200, { 'content-length': data.length });
      response.write(data.subarray(0, 50_000));
    };
    const error = await failure({ signal: stop.signal, advance: () => stop.abort() });
    expect(error.code).toBe('ABORTED');
    delete file.answer;
    expect(readFileSync(await fetchIt()).equals(data)).toBe(true);
  });

  it('starts anew where the server knows no ranges', async () => {
    let first = true;
    file.answer = (request, response) => {
      if (first) cutAfter(data, 60_000, there)(request, response);
      else response.writeHead(200, { 'content-length': data.length }).end(data);
      first = false;
    };
    expect(readFileSync(await fetchIt()).equals(data)).toBe(true);
  });

  it('of a file without a hash goes on only while the server calls it the same', async () => {
    let tag = '"one"';
    file.answer = (request, response) => {
      response.setHeader('etag', tag);
      if (request.headers.range && request.headers['if-range'] === tag) sendFile(data, request, response);
      else if (tag === '"one"' && !request.headers.range) cutAfter(data, 60_000, there)(request, response);
      else response.writeHead(200, { 'content-length': data.length }).end(data);
    };
    expect(readFileSync(await fetchIt({ hash: null })).equals(data)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=60000-']);

    mkdirSync(path.join(folder, 'downloads'), { recursive: true });
    writeFileSync(path.join(folder, 'downloads', `${NAME}.part`), 'of another file');
    writeFileSync(path.join(folder, 'downloads', `${NAME}.part.json`), JSON.stringify({ sha256: null, etag: '"one"' }));
    tag = '"two"';
    expect(readFileSync(await fetchIt({ hash: null })).equals(data)).toBe(true);
  });
});

describe('a hash that is wrong', () => {
  it('is an error that names both, and leaves nothing behind', async () => {
    const wrong = 'f'.repeat(64);
    const { code, message } = await failure({ hash: wrong });
    expect(code).toBe('DOWNLOAD_FAILED');
    expect(message.split('\n')[0]).toContain(wrong);
    expect(message).toContain(sha256(data));
    expect(left()).toEqual([]);
  });

  it('of what an earlier run left is no error: it is fetched anew', async () => {
    mkdirSync(path.join(folder, 'downloads'));
    writeFileSync(path.join(folder, 'downloads', `${NAME}.part`), Buffer.alloc(1000));
    writeFileSync(
      path.join(folder, 'downloads', `${NAME}.part.json`),
      JSON.stringify({ sha256: sha256(data), etag: null }),
    );
    expect(readFileSync(await fetchIt()).equals(data)).toBe(true);
    expect(ranges()).toEqual(['bytes=1000-', undefined]);
  });

  it('of a file on this machine is an error too', async () => {
    const local = path.join(folder, NAME);
    writeFileSync(local, data);
    const url = `file://${encodeURI(local)}`;
    expect(await fetchIt({ url })).toBe(local);
    expect((await failure({ url, hash: 'f'.repeat(64) })).code).toBe('DOWNLOAD_FAILED');
  });
});

describe('an answer that is no file', () => {
  it.each([
    [401, /refuses without the right user \(HTTP 401\): .*PIP_INDEX_URL=https:\/\/user:token@host\/simple/],
    [403, /HTTP 403\): .*~\/\.netrc/],
    [404, /answers HTTP 404/],
    [407, /the proxy wants a user/i],
  ])('HTTP %i is said at once, with what to do', async (status, why) => {
    file.answer = (_, response) => void response.writeHead(status).end();
    const { code, message } = await failure({});
    expect(code).toBe('DOWNLOAD_FAILED');
    expect(message).toMatch(why);
    expect(index.asked).toHaveLength(1);
  });

  it('HTTP 503 is asked again', async () => {
    let busy = 2;
    file.answer = (request, response) => {
      if (busy-- > 0) response.writeHead(503).end();
      else sendFile(data, request, response);
    };
    expect(readFileSync(await fetchIt()).equals(data)).toBe(true);
    expect(index.asked).toHaveLength(3);
  });

  it('a server that stops in the middle is not waited for without an end', async () => {
    file.answer = (_, response) => {
      response.writeHead(200, { 'content-length': data.length });
      response.write(data.subarray(0, 1000));
    };
    const { code, message } = await failure({ settings: { timeout: 0.2 }, hash: null });
    expect(code).toBe('DOWNLOAD_FAILED');
    expect(message).toMatch(/was cut after \d+ bytes|cannot be reached/);
  }, 60_000);
});

describe('a file that is too large', () => {
  it('by its length is refused before a byte is read', async () => {
    file.answer = (_, response) => void response.writeHead(200, { 'content-length': 2 ** 40 }).write('x');
    expect((await failure({})).message).toContain(`sends ${2 ** 40} bytes`);
    expect((await failure({ size: data.length })).message).toContain(
      `the index says ${data.length} bytes`.replace('the', 'The'),
    );
    expect(left()).toEqual([]);
  });

  it('without a length ends at what the index says', async () => {
    file.answer = (_, response) => {
      response.writeHead(200);
      const more = (): void =>
        void (response.destroyed || response.write(Buffer.alloc(50_000), () => setImmediate(more)));
      more();
    };
    expect((await failure({ size: 100_000 })).message).toContain('more than 100000 bytes');
  });
});

describe('redirects', () => {
  it('are followed, and a user is told to its own host alone', async () => {
    const other = await startIndex([file]);
    file.answer = undefined;
    index.first = (request, response) => {
      if (!request.url!.startsWith('/go/')) return false;
      response.writeHead(302, { location: `${other.origin}/files/${NAME}` }).end();
      return true;
    };
    const url = `${index.origin.replace('://', '://alice:s3cret@')}/go/${NAME}`;
    expect(readFileSync(await fetchIt({ url })).equals(data)).toBe(true);
    expect(index.asked[0]!.authorization).toBe(`Basic ${Buffer.from('alice:s3cret').toString('base64')}`);
    expect(other.asked[0]!.authorization).toBeUndefined();
  });

  it('to an address with a signature do not show it', async () => {
    index.first = (request, response) => {
      if (request.url!.includes('signature=')) response.writeHead(404).end();
      else response.writeHead(302, { location: '/elsewhere?signature=abc123&expires=1' }).end();
      return true;
    };
    const { message } = await failure({});
    expect(message).toContain('answers HTTP 404');
    expect(message).not.toContain('abc123');
    const cut = await failure({ url: `http://127.0.0.1:9/${NAME}?signature=abc123` });
    expect(cut.message).toContain(`http://127.0.0.1:9/${NAME}?***`);
    expect(cut.message).not.toContain('abc123');
  });

  it('end', async () => {
    index.first = (_, response) => Boolean(response.writeHead(302, { location: '/again' }).end());
    expect((await failure({})).message).toContain('leads on more than 10 times');
  });

  it('lead to nothing that is not secure', async () => {
    const { message } = await failure({ url: `http://plain.example/${NAME}` });
    expect(message).toContain('is not secure');
    expect(message).toContain('PIP_TRUSTED_HOST');
  });
});

it('takes a user from ~/.netrc', async () => {
  writeFileSync(path.join(folder, '.netrc'), 'machine 127.0.0.1 login bob password pw');
  await fetchIt();
  expect(index.asked[0]!.authorization).toBe(`Basic ${Buffer.from('bob:pw').toString('base64')}`);
});

describe('a proxy', () => {
  it('is asked, with its user, unless NO_PROXY names the host', async () => {
    const proxy = await startProxy('carol:pass');
    const HTTP_PROXY = proxy.url.replace('://', '://carol:pass@');
    await fetchIt({ env: { HTTP_PROXY } });
    expect(proxy.passed).toEqual([`${index.origin}/files/${NAME}`]);
    proxy.passed.length = 0;
    await fetchIt({ hash: null, env: { HTTP_PROXY, NO_PROXY: '127.0.0.1' } });
    expect(proxy.passed).toEqual([]);
  });

  it('that cannot be reached is named without its password', async () => {
    const { message } = await failure({ settings: { proxy: 'http://carol:pass@127.0.0.1:9' } });
    expect(message).toContain('through the proxy http://***@127.0.0.1:9');
    expect(message).not.toMatch(/carol|pass@/);
  });

  it('of a kind that is not known is said', async () => {
    const { message } = await failure({ env: { HTTP_PROXY: 'socks5://127.0.0.1:1080' } });
    expect(message).toContain('The proxy socks5://127.0.0.1:1080 is neither http nor https');
  });
});

/** Only root may mount; the tests of CI run as root. */
const mounts = process.platform === 'linux' && process.getuid?.() === 0;
it.runIf(mounts)('a full disk is said, and what to do', async () => {
  const disk = path.join(folder, 'downloads');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk]);
  try {
    const { code, message } = await failure({});
    expect(code).toBe('SETUP_FAILED');
    expect(message).toMatch(/^The disk is full .*INVSEG_CACHE/);
  } finally {
    execFileSync('umount', [disk]);
  }
});
