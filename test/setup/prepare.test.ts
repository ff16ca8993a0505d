/** `prepare`: what npm runs after `npm install` in a checkout, before `npm pack`, and in the clone of a git dependency. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../lib/native/stamp.js';

const { scripts } = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

it('compiles the TypeScript and nothing else: no LibTorch, no compiler, whoever runs it', () => {
  const [node, ...args] = scripts['prepare']!.split(' ');
  expect(node).toBe('node');
  // A PATH without any tool and a LibTorch that does not do: a set-up would fail.
  const output = execFileSync(process.execPath, args, {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
    env: { INVSEG_LIBTORCH: '/nowhere', PATH: '' },
  });
  expect(output).toContain('Compiling the TypeScript: done');
  expect(output).toContain('LibTorch and the addon are left as they are');
});

it('is the only script that npm runs by itself', () => {
  const own = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare', 'dependencies'];
  expect(own.filter((name) => name in scripts)).toEqual(['prepare']);
});
