/** A manifest that says of its weights what their headers do not: refused by its field, before a weight is read. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBundle } from '../../lib/models/index.js';
import { openBlip, openClip } from '../../lib/vision-language/parts.js';
import { temporaryFolder } from './model-folders.js';

const MINIATURE = path.join(import.meta.dirname, '..', '..', 'models', 'miniature');

/** The small model with another manifest: all else are links to its files. */
async function changed(file: string, change: (manifest: any) => void): Promise<string> {
  const folder = await temporaryFolder();
  const link = (from: string, to: string): void => {
    for (const name of readdirSync(from)) {
      const [source, target] = [path.join(from, name), path.join(to, name)];
      if (!statSync(source).isDirectory()) symlinkSync(source, target);
      else {
        mkdirSync(target);
        link(source, target);
      }
    }
  };
  link(MINIATURE, folder);
  const manifest: unknown = JSON.parse(readFileSync(path.join(MINIATURE, file), 'utf8'));
  change(manifest);
  rmSync(path.join(folder, file));
  writeFileSync(path.join(folder, file), JSON.stringify(manifest));
  return folder;
}

const refused = (message: RegExp) => ({ code: 'MANIFEST_INVALID', message: expect.stringMatching(message) });

describe('a manifest that does not fit its weights', () => {
  it.each<[string, (manifest: any) => void, RegExp]>([
    [
      'timeWidth',
      (m) => (m.timeWidth = 64),
      /expected 32, .* at timeWidth but found 64\n.*time_embedding\.linear_1\.weight is 128 × 32/,
    ],
    [
      'tokenizer.length',
      (m) => (m.tokenizer.length = 40),
      /expected at most 32, .* at tokenizer\.length but found 40\n.*position_embedding/,
    ],
    [
      'contextWidth',
      (m) => (m.contextWidth = 128),
      /expected 96, .* at contextWidth but found 128\n.*attn2\.to_k\.weight is 32 × 96/,
    ],
    ['image.size', (m) => (m.image.size = 256), /expected 128, .* at image\.size but found 256/],
    [
      'a layer that is none',
      (m) => (m.layers[2].name = 'x'),
      /expected an attention layer .* at layers\[2\]\.name but found "x"\nThe layers are down_/,
    ],
    [
      'a layer too few',
      (m) => m.layers.pop(),
      /expected all 10 attention layers .* found none for up_blocks\.3\.attentions\.1/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(openBundle(await changed('manifest.json', change))).rejects.toMatchObject(refused(message));
  });

  it('may use fewer positions than the text encoder has', async () => {
    const bundle = await openBundle(await changed('manifest.json', (m) => (m.tokenizer.length = 16)));
    expect(bundle.engineConfig.promptLength).toBe(16);
  });

  it('nor may those of pictures and texts', async () => {
    const clip = await changed('contrastive.json', (m) => (m.tokenizer.length = 33));
    await expect(openClip(clip, false)).rejects.toMatchObject(
      refused(/at most 32, .* at tokenizer\.length but found 33/),
    );
    const blip = await changed('captioner.json', (m) => (m.tokenizer.length = 41));
    await expect(openBlip(blip, false)).rejects.toMatchObject(
      refused(/at most 40, .* at tokenizer\.length but found 41/),
    );
  });
});
