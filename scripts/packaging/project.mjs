/** A user's project in a new folder: installed in one way, and tried. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { barePath } from './bare.mjs';
import { run } from './managers.mjs';

/** Says where the package lies, that its own dependencies load, and that it segments where it can. */
const CHECK = `import { existsSync } from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { Segmenter } from 'invseg-native';
import { encodeLabels } from 'invseg-native/draw';
const require = createRequire(import.meta.url);
const folder = path.dirname(require.resolve('invseg-native/package.json'));
const answer = { folder, built: existsSync(path.join(folder, 'build')), encodes: typeof encodeLabels };
answer.required = typeof require('invseg-native').Segmenter;
if (process.env.INVSEG_ADDON || process.env.INVSEG_LIBTORCH) {
  const segmenter = await Segmenter.open({ device: 'cpu' });
  const image = { data: new Uint8Array(128 * 128 * 3).fill(90), width: 128, height: 128, channels: 3 };
  const { labels, status } = await segmenter.segment(image, { categories: ['cat'], steps: 1 });
  Object.assign(answer, { labels: labels.length, status });
  await segmenter.dispose();
} else {
  answer.code = await Segmenter.open().then(() => 'opened', (error) => error.code);
}
console.log(JSON.stringify(answer));
`;

/**
 * Installs the tarball as the case says and runs the package there, on a PATH with Node alone.
 *
 * @param {import('./managers.mjs').Case} way
 * @param {string} tarball
 * @param {import('./project.mjs').TryOptions} options
 * @returns {Promise<import('./project.mjs').Tried>}
 */
export async function tryInstall(way, tarball, { addon, libtorch, wheel, demo = false } = {}) {
  const project = mkdtempSync(path.join(os.tmpdir(), 'invseg-user-'));
  const seconds = {};
  const timed = async (name, work) => {
    const start = performance.now();
    const result = await work();
    seconds[name] = (seconds[name] ?? 0) + (performance.now() - start) / 1000;
    return result;
  };
  try {
    const dependencies = { 'invseg-native': 'file:./invseg-native.tgz' };
    writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ name: 'user', version: '1.0.0', private: true, dependencies }),
    );
    copyFileSync(tarball, path.join(project, 'invseg-native.tgz'));
    for (const [name, text] of Object.entries(way.files)) writeFileSync(path.join(project, name), text);
    writeFileSync(path.join(project, 'check.mjs'), CHECK);
    const cache = path.join(project, 'cache');
    const bare = { PATH: barePath(path.join(project, 'bin'), way.runtime), INVSEG_CACHE: cache };
    const own = { ...(addon && { INVSEG_ADDON: addon }), ...(libtorch && { INVSEG_LIBTORCH: libtorch }) };
    for (const step of way.install) {
      if (typeof step === 'string') rmSync(path.join(project, 'node_modules'), { recursive: true });
      else await timed('install', () => run(step, project, bare));
    }
    const version = (await run([...way.command, '--version'], project, bare)).trim();
    if (wheel) await timed('setup', () => run([...way.command, 'setup', '--wheel', wheel], project, bare));
    const masks = demo ? await timed('demo', () => showDemo(way, project, { ...bare, ...own })) : undefined;
    const answer = JSON.parse(await run([...way.node, 'check.mjs'], project, { ...bare, ...own }));
    const compiled = [path.join(answer.folder, 'native', 'build'), path.join(cache, 'addons')].some(existsSync);
    return { ...answer, version, built: answer.built || compiled, masks, seconds };
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** @returns how many masks `invseg demo` left */
async function showDemo(way, project, env) {
  const out = path.join(project, 'masks');
  await run([...way.command, 'demo', '--device', 'cpu', '--out', out], project, env);
  return readdirSync(out).filter((file) => file.endsWith('.labels.png')).length;
}
