/**
 * `npm run package`: the tarball as it is published. `npm publish <tarball>` sends it.
 *
 *     node scripts/package.mjs [--out <folder>] [--only-pack] [--without-prebuilds]
 *
 * npm publishes the manifest of the folder that it packs, and the checkout's has scripts whose files are not in the
 * package: `prepare` would fail wherever somebody runs `npm install` in the unpacked package. So what `npm pack` chooses
 * is laid out in a folder of its own and made ready there. `--only-pack` takes dist as it is. Without the prebuilt addons
 * (`npm run prebuild`) nothing is packed, unless that is asked for.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Files of a published package, at this address of its version. */
const FILES = 'https://unpkg.com/invseg-native';

/**
 * Packs dist as it is.
 *
 * @param {string} folder where the tarball goes
 * @returns what `npm pack --json` tells of it, and `file`, its path
 */
export function packPublished(folder) {
  const stage = mkdtempSync(path.join(os.tmpdir(), 'invseg-stage-'));
  try {
    const chosen = npmPack(root, stage);
    const own = path.join(stage, 'package');
    mkdirSync(own);
    execFileSync('tar', ['-xzf', chosen.file, '-C', own, '--strip-components=1']);
    const manifest = JSON.parse(readFileSync(path.join(own, 'package.json'), 'utf8'));
    change(path.join(own, 'package.json'), () => `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    change(path.join(own, 'README.md'), (text) => absoluteLinks(text, `${FILES}@${manifest.version}`));
    // The maps are not packed, and the sources that they lead to are not either.
    for (const file of readdirSync(path.join(own, 'dist'), { recursive: true }).filter((name) => name.endsWith('.js')))
      change(path.join(own, 'dist', file), (text) => text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n'));
    mkdirSync(folder, { recursive: true });
    return npmPack(own, path.resolve(folder));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** The manifest without what serves the repository alone. */
export function publishedManifest({ scripts: _, devDependencies: __, ...published }) {
  return published;
}

/** Links to files of the package lead nowhere on a registry's page, which shows the README alone. */
export function absoluteLinks(markdown, base) {
  return markdown.replace(/\]\((?![a-z][a-z\d+.-]*:|#)(?:\.\/)?([^)\s]+)\)/gi, `](${base}/$1)`);
}

function change(file, by) {
  writeFileSync(file, by(readFileSync(file, 'utf8')));
}

/** Without scripts: dist is compiled by the caller. */
function npmPack(folder, destination) {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const packed = Object.values(JSON.parse(output))[0];
  return { ...packed, file: path.join(destination, path.basename(packed.filename)) };
}

/** `npm publish` in the checkout would publish the checkout's manifest. */
function refusePublish() {
  throw new Error('Publish what `npm run package` makes: npm publish <tarball>');
}

/** Binaries of other sources are not packed either: the loader of an installed package would take them. */
async function checkPrebuilds() {
  const { whyNoPrebuild, prebuildsFolder } = await import('../dist/native/prebuilds.js');
  for (const release of ['2.13.0', '2.14.0']) {
    const reason = whyNoPrebuild(release);
    if (reason)
      throw new Error(`${prebuildsFolder()}: ${reason}. Run \`npm run prebuild\`, or give --without-prebuilds.`);
  }
}

async function main() {
  const { values: flags } = parseArgs({
    options: {
      out: { type: 'string', default: root },
      'only-pack': { type: 'boolean', default: false },
      'without-prebuilds': { type: 'boolean', default: false },
    },
  });
  if (process.env.npm_lifecycle_event === 'prepublishOnly') refusePublish();
  if (!flags['only-pack']) compile();
  if (!existsSync(path.join(root, 'dist', 'index.js'))) throw new Error('dist is not compiled: leave --only-pack out.');
  if (!flags['without-prebuilds']) await checkPrebuilds();
  const { file, size, unpackedSize, files } = packPublished(flags.out);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`${file}: ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}, ${files.length} files`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 1;
  }
}
