/** A user's project in a new folder: installed in one way, and tried. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from './managers.mjs';

/** Says where the package lies, that its own dependencies load, and that it segments where an addon is named. */
const CHECK = `import { existsSync } from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { Segmenter } from 'invseg-native';
import { encodeLabels } from 'invseg-native/draw';
const folder = path.dirname(createRequire(import.meta.url).resolve('invseg-native/package.json'));
const answer = { folder, built: existsSync(path.join(folder, 'build')), encodes: typeof encodeLabels };
if (process.env.INVSEG_ADDON) {
  const segmenter = await Segmenter.open({ device: 'cpu' });
  const picture = { data: new Uint8Array(128 * 128 * 3).fill(90), width: 128, height: 128, channels: 3 };
  const { labels, status } = await segmenter.segment(picture, { categories: ['cat'], steps: 1 });
  Object.assign(answer, { labels: labels.length, status });
  await segmenter.dispose();
} else {
  answer.code = await Segmenter.open().then(() => 'opened', (error) => error.code);
}
console.log(JSON.stringify(answer));
`;

/**
 * Installs the tarball as the case says and runs the package there.
 *
 * @param {import('./managers.mjs').Case} way
 * @param {string} tarball
 * @param {{ addon?: string, then?: (project: string) => Promise<void> }} options `addon`: folder of a built addon that
 * segments
 * @returns {Promise<import('./project.mjs').Tried>}
 */
export async function tryInstall(way, tarball, { addon, then } = {}) {
  const project = mkdtempSync(path.join(os.tmpdir(), 'invseg-user-'));
  try {
    const dependencies = { 'invseg-native': 'file:./invseg-native.tgz' };
    writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ name: 'user', version: '1.0.0', private: true, dependencies }),
    );
    copyFileSync(tarball, path.join(project, 'invseg-native.tgz'));
    for (const [name, text] of Object.entries(way.files)) writeFileSync(path.join(project, name), text);
    writeFileSync(path.join(project, 'check.mjs'), CHECK);
    for (const step of way.install) {
      if (typeof step === 'string') rmSync(path.join(project, 'node_modules'), { recursive: true });
      else await run(step, project);
    }
    const version = (await run([...way.command, '--version'], project)).trim();
    const answer = JSON.parse(await run([...way.node, 'check.mjs'], project, addon ? { INVSEG_ADDON: addon } : {}));
    await then?.(project);
    return { ...answer, version, built: answer.built || existsSync(path.join(answer.folder, 'native', 'build')) };
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
