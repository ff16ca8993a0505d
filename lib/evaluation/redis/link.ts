/** Connections to Redis: refused at once when they cannot be made, kept up for as long as it takes afterwards. */
import type { Redis } from 'ioredis';
import { InvSegError } from '../../errors.js';
import type { RedisUrl } from './url.js';
import { PASSWORD_VARIABLE } from './url.js';

export type BullMq = typeof import('bullmq');

export interface RedisOptions {
  url: RedisUrl;
  /** That Redis went away, that it is back: one line each, masked. */
  onNote: (text: string) => void;
}

/** How long the first answer may take, milliseconds. */
const FIRST_ANSWER = 10_000;

export class RedisLink implements AsyncDisposable {
  readonly bullmq: BullMq;
  readonly client: Redis;
  readonly #options: RedisOptions;
  readonly #said = new Set<string>();
  #away = false;

  private constructor(bullmq: BullMq, client: Redis, options: RedisOptions) {
    this.bullmq = bullmq;
    this.client = client;
    this.#options = options;
    client.on('close', () => this.#leave());
    client.on('ready', () => this.#return());
  }

  /** @throws {InvSegError} `TOOL_MISSING` without bullmq; `QUEUE_FAILED` where Redis does not answer or refuses the password */
  static async open(options: RedisOptions): Promise<RedisLink> {
    const { url } = options;
    const bullmq = load(() => import('bullmq'));
    bullmq.catch(() => {}); // awaited once Redis has answered
    const { Redis } = await load(() => import('ioredis'));
    let established = false;
    const client = new Redis({
      ...url.place(),
      lazyConnect: true,
      connectTimeout: FIRST_ANSWER,
      // For BullMQ: a command waits until Redis is back.
      maxRetriesPerRequest: null,
      retryStrategy: (times) => (established ? Math.min(100 * times, 2000) : null),
    });
    // ioredis names the cause here; the promise below only knows that the connection was closed.
    let cause: Error | undefined;
    const hear = (error: Error): void => void (cause ??= error);
    client.on('error', hear);
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>(
        (_, reject) => (timer = setTimeout(() => reject(new Error('it does not answer')), FIRST_ANSWER)),
      );
      await Promise.race([client.connect().then(() => client.ping()), late]);
    } catch (error) {
      client.disconnect();
      // Without the cause: an error of the client may hold the command that failed, and AUTH holds the password.
      throw new InvSegError('QUEUE_FAILED', `${url.shown}: ${reason(url.mask((cause ?? (error as Error)).message))}`);
    } finally {
      clearTimeout(timer);
    }
    established = true;
    client.off('error', hear);
    client.on('error', () => {}); // 'close' follows
    try {
      return new RedisLink(await bullmq, client, options);
    } catch (error) {
      client.disconnect();
      throw error;
    }
  }

  get url(): RedisUrl {
    return this.#options.url;
  }

  /** Whether a command would wait. */
  get away(): boolean {
    return this.#away;
  }

  /** For BullMQ's queues and workers: that Redis is away is said once, by this link; everything else once a message. */
  readonly hear = (error: Error): void => {
    if (this.#away || isConnection(error)) return;
    const message = this.url.mask(tooLate(error.message));
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#options.onNote(`Redis: ${message}`);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#away = true;
    this.client.disconnect();
  }

  #leave(): void {
    if (this.#away) return;
    this.#away = true;
    this.#options.onNote(`${this.url.shown}: Redis went away; waiting for it`);
  }

  #return(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#options.onNote(`${this.url.shown}: Redis is back`);
  }
}

const isConnection = (error: Error): boolean =>
  /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOST|ENET|EAI)/.test((error as NodeJS.ErrnoException).code ?? '') ||
  /ECONN|Connection is closed|LOADING/.test(error.message);

/** BullMQ's words for a result that nobody waits for. */
function tooLate(message: string): string {
  const job = /^(?:Missing (?:key|lock) for job|Lock mismatch for job|Job) ([\w-]+)/.exec(message)?.[1];
  return job === undefined
    ? message
    : `${job}: another worker has it by now, or its run has ended; the result is dropped`;
}

function reason(message: string): string {
  if (/^(NOAUTH|DENIED)/.test(message))
    return `Redis wants a password; write it into the URL, or into ${PASSWORD_VARIABLE}`;
  if (/^WRONGPASS/.test(message))
    return 'Redis refuses the name or the password; a sign such as @ or / is written %40 or %2F in a URL';
  return `Redis cannot be used (${message}); is it running there, and may this host reach it?`;
}

async function load<T>(from: () => Promise<T>): Promise<T> {
  try {
    return await from();
  } catch (cause) {
    throw new InvSegError(
      'TOOL_MISSING',
      'Queues need BullMQ and its client of Redis, which are not installed; install them with: npm i bullmq ioredis',
      { cause },
    );
  }
}
