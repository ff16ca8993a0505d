import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseTables, parseRows, parseSeeds } from '../../lib/cli/flags/reproduce-choice.js';
import { makeFolder as realFolder } from '../diagnose/folder.js';
import { idOf, journalLines, makeFolder } from '../evaluation/fake.js';
import { reproduceCli } from '../reproduce/cli.js';

let root: string;
beforeAll(async () => {
  root = await makeFolder(5);
  writeFileSync(
    path.join(root, 'captions.json'),
    JSON.stringify(Object.fromEntries(Array.from({ length: 5 }, (_, i) => [idOf(i), 'a dog and a cat']))),
  );
});
afterAll(() => rmSync(root, { recursive: true }));
let out: string;
beforeEach(() => rmSync((out = path.join(root, 'tables')), { recursive: true, force: true }));

/** A model for which the package has no models of pictures and texts. */
const plain = fileURLToPath(new URL('../../models/miniature-plain', import.meta.url));
const onFolder = (...args: string[]) => reproduceCli([...args, '--dataset', 'folder', '--root', root, '--out', out]);
const read = (name: string) => readFileSync(path.join(out, name), 'utf8');

describe('invseg reproduce', () => {
  it('prints and writes tables', async () => {
    const {
      code,
      out: text,
      calls,
    } = await onFolder('table2', 'table3', '--names', 'ground-truth', '--seeds', '2', '--sample', '4');
    expect([code, calls]).toEqual([0, 8 * 2 * 4]);
    expect(text).toMatch(/^Table 2: .*\n\n {3}Clustering {2}α/);
    expect(text).toMatch(/Table 3: .*\n\n {3}Scale/);
    expect(read('table2.md')).toContain(
      `invseg reproduce table2 table3 --dataset folder --root ${root} --names ground-truth --sample 4 --seeds 2 --out ${out}`,
    );
    const json = JSON.parse(read('table3.json'));
    expect(json).toMatchObject({
      format: 'invseg-table/1',
      name: 'table3',
      circumstances: { seeds: [0, 1], paper: null, dataset: { pictures: 5, sample: 4 } },
    });
    expect(json.circumstances.model.weights).toMatch(/^[0-9a-f]{64}$/);
    expect(json.rows[1]).toMatchObject({
      standard: true,
      ours: {
        options: expect.objectContaining({ loss: expect.objectContaining({ anchorScale: 4 }) }),
        names: expect.stringContaining('ground truth'),
      },
    });
    expect(existsSync(path.join(out, json.rows[1].ours.runs[0].folder, 'report.html'))).toBe(true);
    expect((await onFolder('table2', '--names', 'ground-truth', '--seeds', '2', '--sample', '4')).calls).toBe(0);
    const list = await onFolder(
      'table3',
      'table7',
      '--names',
      'ground-truth',
      '--seeds',
      '2',
      '--sample',
      '4',
      '--list',
    );
    expect(list.out).toMatch(
      / {2}1\. 2: 8 images, 8 of them done\n[^]*18 runs \(9 settings, 2 seeds\) of 4 images: 72 images, 32 of them done/,
    );
  });

  it('runs what has its names, and says what the others need', async () => {
    const { code, out: text, calls } = await onFolder('table4', '--model', plain, '--names', 'ground-truth');
    expect([code, calls]).toEqual([0, 10]); // the captions beside the data set, and the ground truth
    expect(text).toMatch(/Captions of LLaVA +not run: needs --captions-llava/);
    expect(text).toMatch(/The data set's captions \(COCO\) +\d+\.\d \[/);
  });

  it('lays methods and sources out as a grid', async () => {
    const { code, out: text } = await onFolder(
      'grid',
      '--methods',
      'baseline,iseg',
      '--sources',
      'ground-truth,captions',
    );
    expect(code).toBe(0);
    expect(text).toMatch(
      /1 {2}baseline {2}ground-truth.*\n2 {2}baseline {2}captions.*\n3 {2}iseg {6}ground-truth.*\n4 {2}iseg {6}captions/,
    );
    expect(existsSync(path.join(out, 'grid.md'))).toBe(true);
  });

  it('lists what would run without a model', async () => {
    const {
      code,
      out: text,
      opened,
    } = await onFolder('table3', 'table5', '--list', '--names', 'ground-truth', '--seeds', '3');
    expect([code, opened, existsSync(out)]).toEqual([0, 0, false]);
    expect(text).toContain('  2. 4: 15 images');
    expect(text).toContain('  3. Res8 –, Res16 –, Res32 ✓, Res64 – (reads 16): as table3 row 2');
    expect(text).toContain('36 runs (12 settings, 3 seeds) of 5 images: 180 images');
  });

  it('lists all rows without a data set', async () => {
    const { code, out: text, opened } = await reproduceCli(['all', '--list', '--out', out]);
    expect([code, opened]).toEqual([0, 0]);
    expect(text).toContain(
      'table4: Where the names come from\n  1. DiffSegmenter: as table1 row 17\n  2. Captions of BLIP: 1 × the data set',
    );
    expect(text).toContain('30 runs (30 settings, 1 seed) of all images: 30 × the data set');
  });

  it('refuses what cannot work before a model is opened', async () => {
    const folder = ['--dataset', 'folder', '--root', root];
    for (const [args, text] of [
      [['table8', ...folder], /Expected some of table1, .*, table7, grid, all but received "table8"/],
      [['table1'], /Expected "folder", "voc", "context", "coco" or "miniature" for --dataset, which is missing/],
      [['table1', '--dataset', 'cityscapes'], /received the string "cityscapes"/],
      [['table1', '--dataset', 'miniature', '--root', root], /leave --root out/],
      [['table3', '--methods', 'invseg', ...folder], /--methods is for grid but received table3, whose rows/],
      [['all', '--sources', 'captions', ...folder], /--sources is for grid but received all/],
      [['grid', '--methods', 'invsg', ...folder], /for methods but received "invsg"/],
      [['grid', '--sources', 'oracle', ...folder], /for sources but received "oracle"/],
      [['table1', '--rows', '3-1', ...folder], /such as 1,3 or 14-16/],
      [['table1', '--rows', '18', '--names', 'ground-truth', ...folder], /from 1 to 17/],
      [['table2', '--seeds', '0', ...folder], /for seeds/],
      [['table2', '--set', 'method=baseline', ...folder], /have their own method/],
      [['table2', '--steps', 'many', ...folder], /steps/],
      [['table2', '--captions-llava', 'nowhere.json', ...folder], /nowhere\.json/],
      [['table2', '--clip', '/nowhere', ...folder], /CLIP ViT-L\/14 "\/nowhere": there is no such folder/],
      [['table2', '--devices', 'cpu,cuda:0', ...folder], /devices of one kind/],
      [['table2', '--absent', 'never', ...folder], /absent/],
      [['table2', '--names', 'precomputed', ...folder], /None of the rows can run: needs --precomputed/],
    ] as const) {
      const { code, err, opened } = await reproduceCli([...args]);
      expect([code === 0, opened], args.join(' ')).toEqual([false, 0]);
      expect(err, args.join(' ')).toMatch(text);
    }
  });

  it('reads rows, seeds and tables', () => {
    expect([parseRows('1,3'), parseRows('14-16, 2'), parseRows(undefined)]).toEqual([
      [1, 3],
      [14, 15, 16, 2],
      undefined,
    ]);
    expect([parseSeeds('3'), parseSeeds('0,5,5,9'), parseSeeds('7,')]).toEqual([[0, 1, 2], [0, 5, 9], [7]]);
    expect(
      chooseTables(['table3', 'all', 'table3', 'grid'], { methods: 'invseg', sources: 'captions' }).map(
        ({ name }) => name,
      ),
    ).toEqual(['table3', 'table1', 'table2', 'table4', 'table5', 'table6', 'table7', 'grid']); // prettier-ignore
  });
});

// The compiled program with the real addon and the model in the package.
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

describe.skipIf(!existsSync(main))('the process', () => {
  it('goes on after it was killed, and a third call runs nothing', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'invseg-reproduce-'));
    try {
      realFolder(path.join(folder, 'data'), 2);
      const args = [
        'reproduce',
        'table3',
        '--rows',
        '1-2',
        '--dataset',
        'folder',
        '--root',
        path.join(folder, 'data'),
        '--names',
        'ground-truth',
        '--steps',
        '1',
        '--threads',
        '1',
        '--out',
        path.join(folder, 'out'),
      ];
      const journals = () =>
        readdirSync(path.join(folder, 'out', 'runs')).map((slug) =>
          journalLines(path.join(folder, 'out', 'runs', slug, 'seed-0')),
        );
      const killed = await process_(args, (err, kill) => /run 1 of 2.*: 2\/2/.test(err) && kill());
      expect(killed.signal).toBe('SIGKILL');
      const before = journals()[0]!;
      expect(before).toHaveLength(3);
      const second = await process_(args);
      expect(second.code, second.err).toBe(0);
      expect(second.out).toMatch(/1 {2}2 +\d+\.\d \[.*\n2 {2}4 +\d+\.\d \[/);
      const complete = journals();
      expect(complete.map((lines) => lines.length)).toEqual([3, 3]);
      expect(complete).toContainEqual(before);
      const third = await process_(args);
      expect([third.code, third.out, journals()]).toEqual([0, second.out, complete]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

function process_(args: string[], onErr: (text: string, kill: () => void) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args]);
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data));
  child.stderr.on('data', (data: Buffer) => {
    text.err += data;
    onErr(text.err, () => child.kill('SIGKILL'));
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...text })));
}
