/**
 * A Redis of the test's own: in a temporary folder, on a free port, with a password and an append-only file, so that it can be
 * stopped and started again. Debian's redis-server is installed where it is missing and the tests may do so.
 */

import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

const there = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

/** @returns why the tests of the queue cannot run, or undefined where they can @throws where INVSEG_REQUIRE_REDIS is 1 and they cannot */
export function whyNoRedis(): string | undefined {
  if (there()) return undefined;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    spawnSync('apt-get', ['update'], { timeout: 60_000 });
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      timeout: 120_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (there()) return undefined;
  }
  const reason = 'redis-server is not in PATH (Debian: apt-get install redis-server)';
  if (process.env.INVSEG_REQUIRE_REDIS === '1') throw new Error(`INVSEG_REQUIRE_REDIS=1, but ${reason}`);
  console.warn(`Skipped, for ${reason}`);
  return reason;
}

export class RedisServer {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'invseg-redis-'));
  readonly password: string;
  #port = 0;
  #process: ChildProcess | undefined;

  private constructor(password: string) {
    this.password = password;
  }

  static async start(password: string): Promise<RedisServer> {
    const server = new RedisServer(password);
    server.#port = await freePort();
    const file = path.join(server.folder, 'redis.conf');
    // In a file: a command line can be read by everybody.
    const lines = [
      'bind 127.0.0.1',
      `port ${server.#port}`,
      `dir ${server.folder}`,
      `requirepass ${JSON.stringify(password)}`,
      'appendonly yes',
      'appendfsync everysec',
      'save ""',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    await server.resume();
    return server;
  }

  get url(): string {
    return `redis://:${encodeURIComponent(this.password)}@127.0.0.1:${this.#port}/0`;
  }

  /** For the test's own questions. */
  client(): Redis {
    return new Redis({ host: '127.0.0.1', port: this.#port, password: this.password, maxRetriesPerRequest: null });
  }

  /** Starts the server, on the same port with the same data. */
  async resume(): Promise<void> {
    const running = (this.#process = spawn('redis-server', [path.join(this.folder, 'redis.conf')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }));
    let log = '';
    running.stdout!.on('data', (data: Buffer) => (log += data));
    const client = this.client();
    client.on('error', () => {});
    const ended = new Promise<never>((_, reject) =>
      running.once('exit', () => reject(new Error(`redis-server ended: ${log}`))),
    );
    ended.catch(() => {});
    try {
      await Promise.race([client.ping(), ended]);
    } finally {
      client.disconnect();
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await gone;
  }

  /** Stops it and removes its data. */
  async end(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    }),
  );
}
