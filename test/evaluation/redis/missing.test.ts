import { expect, it } from 'vitest';
import { start } from '../../support/cli.js';

// BullMQ is optional: nothing but a queue may ask for it.
const hide = `export async function resolve(name, context, next) {
  if (name === 'bullmq' || name === 'ioredis') throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
}`;
const url = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;
const NODE_OPTIONS = `--import "${url(`import { register } from 'node:module'; register(${JSON.stringify(url(hide))});`)}"`;

it('says what to install, and works without it', async () => {
  const queue = start(['worker', '--queue', 'redis://127.0.0.1:9', '--dataset', 'miniature'], { NODE_OPTIONS });
  const help = start(['worker', '--help'], { NODE_OPTIONS });
  expect(await queue.ended).toMatchObject({ code: 1 });
  expect(queue.text.err).toContain('npm i bullmq ioredis\ncode: TOOL_MISSING');
  expect(await help.ended, help.text.err).toMatchObject({ code: 0 });
  expect(help.text.out).toContain('--take-over <seconds>');
});
