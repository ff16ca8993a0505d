/** Where Redis is. The password leaves this file only in what the client gets: every text for people is masked. */
import { InvSegError } from '../../errors.js';

/** Options of ioredis. */
export interface RedisPlace {
  host?: string;
  port?: number;
  /** A Unix socket. */
  path?: string;
  username?: string;
  password?: string;
  db?: number;
  tls?: object;
}

const MASK = '***';
/** For a password that should not stand on a command line, where every user of the host can read it. */
export const PASSWORD_VARIABLE = 'INVSEG_REDIS_PASSWORD';

export class RedisUrl {
  /** Without the password. */
  readonly shown: string;
  /** Private: what inspects an object does not see it. */
  readonly #place: RedisPlace;
  /** As it is, and as a URL spells it. */
  readonly #secrets: readonly string[];

  /**
   * @param text `redis://[user][:password]@host[:port][/database]`, `rediss://…` with TLS, `unix:///path[?db=1]` (with a
   * password: `unix://:password@localhost/path`)
   * @param password where the URL has none
   * @throws {InvSegError} `INVALID_OPTION`, which shows nothing of what could be a password
   */
  constructor(text: string, password: string | undefined = process.env[PASSWORD_VARIABLE]) {
    const url = parse(text);
    const typed = url.password === '' ? undefined : url.password;
    const secret = typed === undefined ? password || undefined : decode(typed);
    const username = url.username === '' ? undefined : decode(url.username);
    this.#secrets = [
      ...new Set([secret, typed, secret && encodeURIComponent(secret), secret && JSON.stringify(secret).slice(1, -1)]),
    ]
      .filter((one): one is string => one !== undefined && one !== '')
      // The longest first: one spelling may hold another.
      .sort((a, b) => b.length - a.length);
    this.#place = {
      ...placeOf(url),
      ...(username !== undefined && { username }),
      ...(secret !== undefined && { password: secret }),
    };
    const who =
      secret === undefined && username === undefined ? '' : `${url.username}${secret === undefined ? '' : `:${MASK}`}@`;
    this.shown = `${url.protocol}//${who}${url.host}${url.pathname === '/' ? '' : url.pathname}`;
  }

  /** For the client, and for nothing else. */
  place(): RedisPlace {
    return { ...this.#place };
  }

  /** Any text for people. */
  mask(text: string): string {
    return this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, MASK), text);
  }

  toString(): string {
    return this.shown;
  }

  toJSON(): string {
    return this.shown;
  }
}

function parse(text: string): URL {
  const refuse = (): never => {
    throw new InvSegError(
      'INVALID_OPTION',
      'Expected redis://[user:password@]host[:port][/database], rediss:// or unix:// for queue but received something else (not shown, for it may hold a password)',
    );
  };
  if (!URL.canParse(text)) return refuse();
  const url = new URL(text);
  const known =
    url.protocol === 'unix:'
      ? url.pathname.length > 1 && ['', 'localhost'].includes(url.hostname)
      : ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '' && /^(\/\d{0,5})?$/.test(url.pathname);
  return known ? url : refuse();
}

function placeOf({ protocol, hostname, port, pathname, searchParams }: URL): RedisPlace {
  if (protocol === 'unix:') return { path: decode(pathname), db: Number(searchParams.get('db') ?? 0) };
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    db: Number(pathname.slice(1) || 0),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** A lone % stays what it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
