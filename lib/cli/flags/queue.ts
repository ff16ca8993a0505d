/** `--queue …`: the flags that evaluate and worker share. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { checkName, PASSWORD_VARIABLE, RedisUrl } from '../../evaluation/index.js';
import { checkFor } from './check-for.js';

export interface QueueFlags {
  queue?: string;
  queueName?: string;
}

/** @param names what the command does without a name @param variable of the environment that stands for `--queue` */
export function addQueueFlags(command: Command, names: string, variable?: string): Command {
  const queue = new Option(
    '--queue <url>',
    `redis://[user:password@]host[:port][/db], rediss:// or unix://; password also in ${PASSWORD_VARIABLE}`,
  );
  return command
    .addOption(variable === undefined ? queue : queue.env(variable))
    .option('--queue-name <name>', `name of the run in Redis (default: ${names})`);
}

/** @throws {InvSegError} `INVALID_OPTION` */
export function queueOf({ queue, queueName }: QueueFlags): {
  url: RedisUrl | undefined;
  queueName: string | undefined;
} {
  checkFor('--queue-name', queueName, '--queue', queue);
  return {
    url: queue === undefined ? undefined : new RedisUrl(queue),
    queueName: queueName === undefined ? undefined : checkName(queueName),
  };
}
