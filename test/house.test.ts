import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** The rooms of lib/, lowest first: a room uses those before it and none behind it. ARCHITECTURE.md draws the same. */
const ROOMS = [
  ...['checks', 'system', 'native', 'text', 'image', 'labels', 'draw', 'page', 'options', 'models', 'functions'],
  ...[
    'methods',
    'segmenter',
    'results',
    'vision-language',
    'names',
    'datasets',
    'scores',
    'journal',
    'evaluation',
    'reproduce',
  ],
  ...['explain', 'diagnose', 'bench', 'setup', 'doctor', 'api', 'cli'],
];

const lib = path.resolve(import.meta.dirname, '../lib');
const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const roomOf = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);

interface Import {
  from: string;
  to: string;
}

const imports = files.flatMap((from): Import[] => {
  const text = readFileSync(path.join(lib, from), 'utf8');
  return [...text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)\.js'/g)].map(([, to]) => ({
    from,
    to: `${path.posix.join(path.posix.dirname(from), to!)}.ts`,
  }));
});

describe('the house', () => {
  it('has the rooms that are known', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => room !== undefined).sort()).toEqual([...ROOMS].sort());
    expect(imports.length).toBeGreaterThan(1000);
  });

  it('has one door a room', () => {
    const others = imports.filter(
      ({ from, to }) => roomOf(to) !== undefined && roomOf(from) !== roomOf(to) && to !== `${roomOf(to)}/index.ts`,
    );
    expect(others).toEqual([]);
  });

  it('is built from the bottom up', () => {
    const up = imports.filter(({ from, to }) => {
      const [user, used] = [roomOf(from), roomOf(to)];
      return user !== undefined && used !== undefined && ROOMS.indexOf(used) > ROOMS.indexOf(user);
    });
    expect(up).toEqual([]);
  });

  it('has no circle of files', () => {
    const uses = new Map<string, string[]>(files.map((file) => [file, []]));
    for (const { from, to } of imports) uses.get(from)!.push(to);
    const circles: string[] = [];
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, trail: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const next of uses.get(file) ?? []) visit(next, [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
