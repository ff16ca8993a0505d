import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCode } from '../../lib/models/code.js';
import { modelIdentity, openBundle } from '../../lib/models/index.js';
import { loadBinding } from '../../lib/native/load.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { openModel } from '../../lib/vision-language/model.js';
import { knownCode } from '../../scripts/models/known-code.mjs';
import { ROOT } from '../golden/reference.js';
import { openGolden } from '../golden/setup.js';
import { makeClip } from '../vision-language/made.js';
import { temporaryFolder, writeBundle, writeDiffusers } from './model-folders.js';

const MINIATURE = path.join(ROOT, 'models', 'miniature');
const golden = openGolden();
const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
};
async function copyOfMiniature(): Promise<string> {
  const folder = await temporaryFolder();
  cpSync(MINIATURE, folder, { recursive: true });
  return folder;
}

describe('TorchScript', () => {
  it('of the package is in the list, and the list is that of its files', () => {
    // After an export: node scripts/models/known-code.mjs
    expect(readFileSync(path.join(ROOT, 'lib', 'models', 'known-code.ts'), 'utf8')).toBe(knownCode());
  });

  it('is loaded as the bytes that were hashed, whatever becomes of its file meanwhile', async () => {
    const folder = await copyOfMiniature();
    const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    // Known in two modules, anybody's in one; then all three are others.
    flip(path.join(folder, 'vae_encoder.pt'), 20);
    const { engineConfig, identity } = await openBundle(folder, { trustCode: true });
    const hashed = await identity();
    const modules = ['text_encoder', 'vae_encoder', 'unet'] as const;
    const files = modules.map((name) => path.join(folder, `${name}.pt`));
    const before = files.map((file) => sha256(readFileSync(file)));
    for (const file of files) writeFileSync(file, 'another program');
    const { textEncoder, vaeEncoder, unet } = engineConfig;
    expect([textEncoder, vaeEncoder, unet].map(({ code }) => sha256(code!))).toEqual(before);
    const { binding } = loadBinding();
    const config = { ...engineConfig, device: 'cpu', dtype: 'float32', threads: 1, checkFinite: true } as const;
    const engine = await binding.openEngine(config);
    await engine.dispose();
    const reopened = await openBundle(folder, { trustCode: true });
    expect((await reopened.identity()).code).not.toBe(hashed.code);
    await expect(binding.openEngine({ ...config, ...reopened.engineConfig })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('text_encoder.pt'),
    });
  });

  it('with one bit that is another one is refused, in the package too', async () => {
    const folder = await copyOfMiniature();
    const file = path.join(folder, 'unet.pt');
    for (const at of [0, 1000, readFileSync(file).length - 1]) {
      flip(file, at);
      await expect(openBundle(folder)).rejects.toMatchObject({
        code: 'CODE_UNTRUSTED',
        message: expect.stringMatching(
          /unet\.pt: expected TorchScript of this package.* modules\.unet\.script of the manifest names\n.*a program.*\btrustCode: true \(--trust-code\)/,
        ),
      });
      flip(file, at);
    }
    expect((await openBundle(folder)).name).toBe('miniature');
  });

  it('that is another one is taken as it is where the user says so', async () => {
    const folder = await copyOfMiniature();
    flip(path.join(folder, 'unet.pt'), 1000);
    const { engineConfig } = await openBundle(folder, { trustCode: true });
    expect(engineConfig.unet.script).toBe(path.join(folder, 'unet.pt'));
    expect(engineConfig.unet.code).toEqual(readFileSync(path.join(folder, 'unet.pt')));
    await expect(openBundle(folder, { trustCode: false })).rejects.toMatchObject({ code: 'CODE_UNTRUSTED' });
  });

  it('is not asked for by a folder in diffusers layout, which brings none', async () => {
    expect((await openBundle(await writeDiffusers())).engineConfig.unet.script).toBe(
      path.join(ROOT, 'models', 'sd21', 'unet.pt'),
    );
  });

  it('of CLIP and BLIP is looked at in the same way', async () => {
    const clip = await makeClip();
    await expect(openModel('contrastive', clip)).rejects.toMatchObject({ code: 'CODE_UNTRUSTED' });
    expect((await openModel('contrastive', clip, true)).modules['imageEncoder']!.script).toBe(
      path.join(clip, 'image_encoder.pt'),
    );
  });

  it('that is a pipe, empty, or too large for code, is an error', async () => {
    const folder = await temporaryFolder();
    execFileSync('mkfifo', [path.join(folder, 'a.pt')]);
    await expect(findCode(path.join(folder, 'a.pt'), 'modules.unet.script', true)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
    });
    writeFileSync(path.join(folder, 'c.pt'), '');
    await expect(findCode(path.join(folder, 'c.pt'), 'modules.unet.script', true)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('it is empty'),
    });
    execFileSync('truncate', ['-s', '2G', path.join(folder, 'b.pt')]);
    await expect(findCode(path.join(folder, 'b.pt'), 'modules.unet.script', true)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('at most'),
    });
  });

  it.skipIf(typeof golden === 'string')(
    'of a stranger writes nothing',
    async () => {
      const { python } = golden as Exclude<typeof golden, string>;
      const folder = await copyOfMiniature();
      const victim = path.join(folder, 'victim.txt');
      writeFileSync(victim, 'precious text');
      execFileSync(python, [
        path.join(ROOT, 'scripts', 'attacks', 'foreign_module.py'),
        path.join(folder, 'unet.pt'),
        victim,
      ]);
      writeFileSync(victim, 'precious text');
      const error = await Segmenter.open({ model: folder, device: 'cpu' }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'InvSegError', code: 'CODE_UNTRUSTED' });
      expect(readFileSync(victim, 'utf8')).toBe('precious text');
      // The attack works where it is let in: otherwise this test would say nothing.
      await Segmenter.open({ model: folder, device: 'cpu', trustCode: true }).catch(() => undefined);
      expect(readFileSync(victim, 'utf8')).toBe('OVERWROT text');
    },
    120_000,
  );
});

describe('a folder of two layouts', () => {
  it('is refused: it is not said which one is meant', async () => {
    const folder = await writeBundle();
    writeFileSync(path.join(folder, 'model_index.json'), '{}');
    await expect(openBundle(folder)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('manifest.json (a bundle) and model_index.json'),
    });
  });
});

describe('the identity of a model', () => {
  const parts = ['weights', 'manifest', 'code', 'tokenizer'] as const;
  const changed = async (folder: string, change: () => void): Promise<string[]> => {
    const before = await modelIdentity(folder, { trustCode: true });
    change();
    const after = await modelIdentity(folder, { trustCode: true });
    return parts.filter((part) => before[part] !== after[part]);
  };
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(file, change(readFileSync(file, 'utf8')));

  it('is that of its parts: each that changes, changes it', async () => {
    const folder = await copyOfMiniature();
    const at = (name: string): string => path.join(folder, name);
    expect(
      await changed(folder, () =>
        edit(at('manifest.json'), (text) => text.replace('"betaEnd": 0.012', '"betaEnd": 0.013')),
      ),
    ).toEqual(['manifest']);
    expect(
      await changed(folder, () =>
        edit(at('tokenizer/merges.txt'), (text) => text.trimEnd().split('\n').slice(0, -1).join('\n')),
      ),
    ).toEqual(['tokenizer']);
    expect(await changed(folder, () => flip(at('unet.pt'), 1000))).toEqual(['code']);
    expect(
      await changed(folder, () => flip(at('unet.safetensors'), readFileSync(at('unet.safetensors')).length - 1)),
    ).toEqual(['weights']);
    expect(await changed(folder, () => rmSync(at('tokenizer/tokenizer_config.json')))).toEqual(['tokenizer']);
  });

  it('does not depend on how the manifest is written, nor on where the folder lies', async () => {
    const folder = await copyOfMiniature();
    const reversed = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, entry]) => [key, reversed(entry)]),
          )
        : value;
    expect(
      await changed(folder, () =>
        edit(path.join(folder, 'manifest.json'), (text) => JSON.stringify(reversed(JSON.parse(text)))),
      ),
    ).toEqual([]);
    expect(await modelIdentity(folder)).toEqual(await modelIdentity());
  });
});
