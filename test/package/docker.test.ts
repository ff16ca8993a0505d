/** The Dockerfile, as far as it can be looked at without a daemon: its stages, files, commands and users. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Copy, DockerfileParser, type Env, type Instruction } from 'dockerfile-ast';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, pack, readManifest, remove } from './install.js';

const text = readFileSync(path.join(checkout, 'Dockerfile'), 'utf8');
const file = DockerfileParser.parse(text);
const instructions = file.getInstructions();
const of = (keyword: string): Instruction[] => instructions.filter((each) => each.getKeyword() === keyword);
const main = path.join(checkout, 'dist', 'cli', 'main.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-docker-'));
});
afterAll(() => remove(folder));

/** As a Dockerfile refers to it. */
const variable = (name: string): string => ['$', '{', name, '}'].join('');

/** Stage, and its instructions. */
function stages(): Instruction[][] {
  const starts = of('FROM').map((from) => instructions.indexOf(from));
  return starts.map((start, i) => instructions.slice(start, starts[i + 1] ?? instructions.length));
}

it('has known instructions alone', () => {
  const known = ['ARG', 'FROM', 'RUN', 'WORKDIR', 'COPY', 'ENV', 'USER', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'];
  expect(instructions.filter((each) => !known.includes(each.getKeyword())).map(String)).toEqual([]);
});

it('starts from a Node that the package supports, with glibc', () => {
  const [, node] = /^ARG NODE=(\d+)$/m.exec(text)!;
  const { engines } = readManifest(checkout) as { engines?: { node: string } };
  expect(Number(node)).toBeGreaterThanOrEqual(Number.parseInt(engines!.node.replace('>=', ''), 10));
  // Two variables stand for one version.
  const images = file.getFROMs().map((from) => from.getImage()!);
  expect(images).toEqual([`node:${variable('NODE')}-bookworm`, `node:${variable('NODE')}-bookworm-slim`]);
});

it('copies the tarball of `npm run package`, which is all that the daemon is sent', () => {
  const [copy] = of('COPY') as Copy[];
  const [source] = copy!.getArguments().map(String);
  const packed = path.basename(pack(folder).file);
  expect(packed).toMatch(new RegExp(`^${source!.replaceAll('.', '\\.').replace('*', '.*')}$`));
  const ignore = readFileSync(path.join(checkout, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  expect(ignore).toEqual(['*', `!${source}`]);
});

it('copies from the first stage what that one makes', () => {
  const [build, run] = stages() as [Instruction[], Instruction[]];
  const cache = (build.find((each) => each.getKeyword() === 'ENV') as Env).getProperties()[0]!;
  const app = build
    .find((each) => each.getKeyword() === 'WORKDIR')!
    .getArguments()[0]!
    .getValue();
  const copies = run.filter((each) => each.getKeyword() === 'COPY') as Copy[];
  expect(copies.map((copy) => copy.getFlags().map(String))).toEqual([['--from=build'], ['--from=build']]);
  expect(copies.map((copy) => copy.getArguments().map(String))).toEqual([
    [cache.getValue(), cache.getValue()],
    [app, app],
  ]);
  expect(cache.getName()).toBe('INVSEG_CACHE');
  const own = (run.find((each) => each.getKeyword() === 'ENV') as Env).getProperties();
  const values = Object.fromEntries(own.map((property) => [property.getName(), property.getValue()]));
  expect(values).toMatchObject({ INVSEG_CACHE: cache.getValue(), NODE_ENV: 'production' });
  expect(values['PATH']).toContain(`${app}/node_modules/.bin`);
});

it('does not run as root, and nothing of the build is in what runs', () => {
  const run = stages().at(-1)!;
  const user = run.findLastIndex((each) => each.getKeyword() === 'USER');
  expect(run[user]!.getArguments().map(String)).toEqual(['node']);
  expect(run.slice(user).filter((each) => each.getKeyword() === 'RUN')).toEqual([]);
  expect(run.map(String).join('\n')).not.toMatch(/apt-get|npm |cmake/);
});

describe('its commands', () => {
  const help = (command: string): string =>
    execFileSync(process.execPath, [main, command, '--help'], { encoding: 'utf8' });

  it('are those of the package, with flags that it has', () => {
    expect(Object.keys((readManifest(checkout) as { bin?: Record<string, string> }).bin!)).toContain('invseg');
    expect(of('ENTRYPOINT').map(String)).toEqual(['ENTRYPOINT ["invseg"]']);
    expect(of('HEALTHCHECK').map(String).join('')).toMatch(/CMD \["invseg", "doctor", "--json"\]$/);
    expect(help('doctor')).toContain('--json');
    const [, device] = /^ARG DEVICE=(\w+)$/m.exec(text)!;
    expect(text).toContain(`npx --no-install invseg setup --${variable('DEVICE')}`);
    for (const each of [device, 'cuda']) expect(help('setup')).toContain(`--${each} `);
  });

  it('are shell that can be read', () => {
    for (const run of of('RUN')) {
      const line = run.getArgumentsContent()!.replace(/^(--\w+=\S+\s+)+/, '');
      execFileSync('sh', ['-n', '-c', line.replaceAll(variable('DEVICE'), 'cpu')]);
    }
  });

  it('of its head name build arguments that it has', () => {
    for (const [, name] of text.matchAll(/--build-arg (\w+)=/g)) expect(text).toMatch(new RegExp(`^ARG ${name}=`, 'm'));
    for (const [, id] of text.matchAll(/--secret id=(\w+)/g)) expect(text).toContain(`--mount=type=secret,id=${id},`);
  });
});
