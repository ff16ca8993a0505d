import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { PASSWORD_VARIABLE, RedisUrl } from '../../../lib/evaluation/redis/url.js';

it.each([
  ['redis://host', {}, { host: 'host', port: 6379, db: 0 }, 'redis://host'],
  [
    'redis://:p%40ss@host:7000/3',
    {},
    { host: 'host', port: 7000, db: 3, password: 'p@ss' },
    'redis://:***@host:7000/3',
  ],
  [
    'rediss://me:secret@[::1]:7000',
    {},
    { host: '::1', port: 7000, db: 0, username: 'me', password: 'secret', tls: {} },
    'rediss://me:***@[::1]:7000',
  ],
  [
    'unix://:secret@localhost/run/redis.sock?db=2',
    {},
    { path: '/run/redis.sock', db: 2, password: 'secret' },
    'unix://:***@localhost/run/redis.sock',
  ],
  ['unix:///run/redis.sock', {}, { path: '/run/redis.sock', db: 0 }, 'unix:///run/redis.sock'],
  [
    'redis://me@host',
    { password: 'secret' },
    { host: 'host', port: 6379, db: 0, username: 'me', password: 'secret' },
    'redis://me:***@host',
  ],
  ['redis://:100%@host', {}, { host: 'host', port: 6379, db: 0, password: '100%' }, 'redis://:***@host'],
])('reads %s', (text, { password }: { password?: string }, place, shown) => {
  const url = new RedisUrl(text, password);
  expect(url.place()).toEqual(place);
  expect(url.shown).toBe(shown);
});

it('refuses what is no address of Redis, and shows nothing of it', () => {
  for (const text of [
    '',
    'host:6379',
    'http://:hush@host',
    'redis://',
    'redis://:hush@host/nine',
    'redis://:hush@host:99999999',
    'unix://',
    'hush',
  ]) {
    let message = '';
    try {
      new RedisUrl(text);
    } catch (error) {
      expect(error, text).toMatchObject({ code: 'INVALID_OPTION' });
      message = (error as Error).message;
    }
    expect(message, text).toContain('Expected redis://');
    expect(message).not.toContain('hush');
  }
});

it('masks the password however it is written', () => {
  const url = new RedisUrl('redis://user:p%40s%22s@host');
  const text = 'AUTH p@s"s; redis://user:p%40s%22s@host; {"args":["p@s\\"s"]}';
  expect(url.mask(text)).toBe('AUTH ***; redis://user:***@host; {"args":["***"]}');
  for (const shown of [inspect(url, { depth: 9, showHidden: true }), JSON.stringify({ url }), `${url}`, url.shown]) {
    for (const secret of ['p@s"s', 'p%40s%22s', 'p@s\\"s']) expect(shown).not.toContain(secret);
  }
});

it('takes the password of the environment where the URL has none', () => {
  process.env[PASSWORD_VARIABLE] = 'of-the-environment';
  try {
    expect(new RedisUrl('redis://host').place().password).toBe('of-the-environment');
    expect(new RedisUrl('redis://host').mask('of-the-environment')).toBe('***');
    expect(new RedisUrl('redis://:own@host').place().password).toBe('own');
  } finally {
    delete process.env[PASSWORD_VARIABLE];
  }
});
