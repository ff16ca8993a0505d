/** `prepare`: what npm runs after `npm install` in a checkout, and before `npm pack`. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../lib/native/stamp.js';

/** A PATH without any tool: a set-up that is not left out would fail. */
function prepare(env: Record<string, string>): string {
  return execFileSync(process.execPath, [path.join(PACKAGE_ROOT, 'scripts', 'prepare.mjs')], {
    encoding: 'utf8',
    env: { ...env, INVSEG_LIBTORCH: '/nowhere', PATH: '' },
  });
}

it.each([
  ['INVSEG_SKIP_SETUP=1', { INVSEG_SKIP_SETUP: '1' }],
  ['npm pack', { npm_lifecycle_event: 'prepare', npm_command: 'pack' }],
  ['npm publish', { npm_lifecycle_event: 'prepare', npm_command: 'publish' }],
  ['A git dependency', { npm_lifecycle_event: 'prepare', npm_command: 'install', _PACOTE_NO_PREPARE_: 'x' }],
])('compiles and does no more: %s', (reason, env) => {
  const output = prepare(env);
  expect(output).toContain('Compiling the TypeScript: done');
  expect(output).toContain(`${reason}: LibTorch and the addon are left as they are`);
});
