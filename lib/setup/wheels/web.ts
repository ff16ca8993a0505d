/** Requests to package indices: proxies, certificates, users and redirects as pip's settings have them. */
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { InvSegError } from '../../errors.js';
import { masker } from '../secrets.js';
import { type Login, netrcLogin } from './netrc.js';
import type { PipSettings } from './pip-config.js';

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Readable;
  /** After redirects, without a user. */
  url: string;
}

export interface Page extends Reply {
  bytes: Buffer;
  type: string;
}

const REDIRECTS = 10;
/** Headers of a page and the page together; the largest page of an index known is below 20 MB. */
const PAGE_LIMIT = 64 * 2 ** 20;

export class Web {
  /** Takes users, passwords and tokens out of what is shown. */
  readonly mask: (text: string) => string;
  readonly #settings: PipSettings;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logins = new Map<string, Login>();
  readonly #agents = new Map<boolean, Dispatcher>();

  /** @param addresses that may hold a user and a password, which count for their whole host */
  constructor(settings: PipSettings, addresses: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    this.#settings = settings;
    this.#env = env;
    const known = [settings.index ?? '', ...settings.extraIndexes, ...settings.findLinks, ...addresses];
    const secrets = masker([...known, settings.proxy, ...PROXIES.map((name) => env[name])]);
    // What an index leads to may be signed in its query.
    this.mask = (text) => secrets(text).replace(/(https?:\/\/[^\s?]+)\?[^\s)]*/gi, '$1?***');
    for (const address of known) this.#learn(address);
  }

  /**
   * Opens an address of http or https.
   *
   * @returns the reply, whatever its status, but redirects, which are followed
   * @throws {InvSegError} `DOWNLOAD_FAILED` where the host cannot be reached, or is neither secure nor trusted; `ABORTED`
   */
  async open(address: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Reply> {
    const { request } = await import('undici');
    let url = new URL(address);
    this.#learn(address);
    for (let hops = 0; hops <= REDIRECTS; hops++) {
      this.#checkSecure(url);
      const reply = await this.#request(request, url, headers, signal);
      if (![301, 302, 303, 307, 308].includes(reply.status) || reply.headers['location'] === undefined) return reply;
      reply.body.on('error', () => {}).destroy();
      const next = new URL(reply.headers['location'], url);
      next.hash ||= url.hash;
      if (url.protocol === 'https:' && next.protocol === 'http:' && !this.#isTrusted(next)) {
        throw failed(`${this.mask(url.href)} leads to ${this.mask(next.href)}, which is not secure`, TRUST);
      }
      url = next;
    }
    throw failed(
      `${this.mask(address)} leads on more than ${REDIRECTS} times`,
      'name another index with PIP_INDEX_URL',
    );
  }

  /** A whole page, with its status, its type and the address that it came from. */
  async page(address: string, accept: string, signal?: AbortSignal): Promise<Page> {
    try {
      return await this.#page(address, accept, signal);
    } catch (error) {
      if (!isPassing(error)) throw error;
      await sleep(500);
      return this.#page(address, accept, signal);
    }
  }

  async #page(address: string, accept: string, signal: AbortSignal | undefined): Promise<Page> {
    const reply = await this.open(address, { accept }, signal);
    const parts: Buffer[] = [];
    let length = 0;
    try {
      for await (const part of reply.body as AsyncIterable<Buffer>) {
        length += part.length;
        if (length > PAGE_LIMIT) {
          throw failed(`${this.mask(address)} is longer than ${PAGE_LIMIT / 2 ** 20} MiB`, 'name another index');
        }
        parts.push(part);
      }
    } catch (error) {
      throw this.#explain(error, new URL(address), signal);
    }
    return { ...reply, bytes: Buffer.concat(parts), type: reply.headers['content-type'] ?? '' };
  }

  /** Ends the connections that are kept. */
  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  async #request(
    request: typeof import('undici').request,
    url: URL,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Reply> {
    const login = this.#login(url);
    const bare = withoutUser(url);
    const milliseconds = this.#settings.timeout * 1000;
    try {
      const dispatcher = await this.#agent(this.#isTrusted(url));
      const {
        statusCode,
        headers: got,
        body,
      } = await request(bare, {
        dispatcher,
        headers: {
          'user-agent': 'invseg-native',
          // Hashes are of the file as it is.
          'accept-encoding': 'identity',
          ...headers,
          ...(login && { authorization: `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}` }),
        },
        headersTimeout: milliseconds,
        bodyTimeout: milliseconds,
        ...(signal && { signal }),
      });
      const flat = Object.entries(got).map(([name, value]) => [name, Array.isArray(value) ? value[0]! : (value ?? '')]);
      return { status: statusCode, headers: Object.fromEntries(flat) as Record<string, string>, body, url: bare.href };
    } catch (error) {
      throw this.#explain(error, url, signal);
    }
  }

  #explain(error: unknown, url: URL, signal: AbortSignal | undefined): InvSegError {
    if (signal?.aborted) return new InvSegError('ABORTED', 'The download was interrupted; the next set-up resumes it.');
    return error instanceof InvSegError
      ? error
      : unreachable(this.mask(url.href), error, this.#proxyFor(url), this.mask);
  }

  async #agent(trusted: boolean): Promise<Dispatcher> {
    const there = this.#agents.get(trusted);
    if (there) return there;
    const { EnvHttpProxyAgent } = await import('undici');
    const tls = { ca: this.#certificates(), ...(trusted && { rejectUnauthorized: false }) };
    const connect = { ...tls, timeout: this.#settings.timeout * 1000 };
    const proxies = this.#proxies();
    const agent = new EnvHttpProxyAgent({
      httpProxy: proxies.http ?? '',
      httpsProxy: proxies.https ?? '',
      noProxy: proxies.none,
      // As pip and curl do: a proxy is asked for a page of http, and for a tunnel to one of https.
      proxyTunnel: false,
      connect,
      requestTls: connect,
      proxyTls: connect,
    });
    this.#agents.set(trusted, agent);
    return agent;
  }

  #certificates(): string | undefined {
    const { cert } = this.#settings;
    if (cert === undefined) return undefined;
    try {
      return readFileSync(cert, 'utf8');
    } catch (error) {
      throw failed(`the certificates ${cert} cannot be read: ${(error as Error).message}`, 'correct PIP_CERT');
    }
  }

  #proxies(): { http: string | undefined; https: string | undefined; none: string } {
    const named = (...names: string[]): string | undefined => names.map((name) => this.#env[name]).find(Boolean);
    const all = this.#settings.proxy ?? named('all_proxy', 'ALL_PROXY');
    const set = (given: string | undefined): string | undefined => {
      const proxy = this.#settings.proxy ?? given ?? all;
      if (!proxy) return undefined;
      const address = proxy.includes('://') ? proxy : `http://${proxy}`;
      if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address;
      throw failed(`the proxy ${this.mask(address)} is neither http nor https`, 'correct HTTPS_PROXY');
    };
    return {
      http: set(named('http_proxy', 'HTTP_PROXY')),
      https: set(named('https_proxy', 'HTTPS_PROXY')),
      none: named('no_proxy', 'NO_PROXY') ?? '',
    };
  }

  #proxyFor(url: URL): string | undefined {
    const { http, https } = this.#proxies();
    const proxy = url.protocol === 'https:' ? https : http;
    return proxy && this.mask(proxy);
  }

  #learn(address: string): void {
    if (!URL.canParse(address)) return;
    const url = new URL(address);
    if (url.username === '' && url.password === '') return;
    this.#logins.set(url.origin, {
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    });
  }

  #login(url: URL): Login | undefined {
    return this.#logins.get(url.origin) ?? netrcLogin(url.hostname, this.#env);
  }

  #isTrusted({ host, hostname }: URL): boolean {
    return this.#settings.trustedHosts.some((trusted) => trusted === host || trusted === hostname);
  }

  #checkSecure(url: URL): void {
    const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
    if (url.protocol === 'https:' || local || this.#isTrusted(url)) return;
    throw failed(`${this.mask(url.href)} is not secure: anybody on the way could change what it sends`, TRUST);
  }
}

const PROXIES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

const TRUST = 'use its https address, or name the host in PIP_TRUSTED_HOST';

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare;
}

/** @param wayOut second half of a sentence */
export function failed(what: string, wayOut: string, options?: ErrorOptions): InvSegError {
  return new InvSegError(
    'DOWNLOAD_FAILED',
    `${/^[a-z]+:/.test(what) ? what : `${what[0]!.toUpperCase()}${what.slice(1)}`}: ${wayOut}.`,
    options,
  );
}

const passing = new WeakSet<Error>();

/** Marks an error that the next try may not meet. */
export function mayPass(error: InvSegError): InvSegError {
  passing.add(error);
  return error;
}

export const isPassing = (error: unknown): boolean => error instanceof Error && passing.has(error);

function unreachable(address: string, cause: unknown, proxy: string | undefined, mask: (text: string) => string) {
  const { code, message } = cause as NodeJS.ErrnoException;
  const by = proxy === undefined ? '' : ` through the proxy ${proxy}`;
  const why = mask(code && !message.includes(code) ? `${message} (${code})` : message);
  const certificate = /CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code ?? '');
  const wayOut = certificate
    ? "name your organisation's certificates with PIP_CERT"
    : 'connect this machine, name a proxy with HTTPS_PROXY or an index with PIP_INDEX_URL, or give a wheel with --wheel FILE';
  const error = failed(`${address} cannot be reached${by} (${why})`, wayOut, { cause });
  return certificate || code === 'ENOTFOUND' ? error : mayPass(error);
}
