/**
 * `npm run package`: the tarball as it is published. `npm publish <tarball>` sends it.
 *
 *     node scripts/package.mjs [--out <folder>] [--only-pack]
 *
 * npm publishes the manifest of the folder that it packs, and the checkout's has scripts whose files are not in the
 * package: `prepare` would fail wherever somebody runs `npm install` in the unpacked package. So what `npm pack` chooses
 * is laid out in a folder of its own, beside the manifest that users get. `--only-pack` takes dist as it is.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

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
    const manifest = path.join(own, 'package.json');
    const published = publishedManifest(JSON.parse(readFileSync(manifest, 'utf8')));
    writeFileSync(manifest, `${JSON.stringify(published, null, 2)}\n`);
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

/** Without scripts: the set-up is not wanted here, and dist is compiled by the caller. */
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

function main() {
  const { values: flags } = parseArgs({
    options: {
      out: { type: 'string', default: root },
      'only-pack': { type: 'boolean', default: false },
    },
  });
  if (process.env.npm_lifecycle_event === 'prepublishOnly') refusePublish();
  if (!flags['only-pack']) compile();
  if (!existsSync(path.join(root, 'dist', 'index.js'))) throw new Error('dist is not compiled: leave --only-pack out.');
  const { file, size, unpackedSize, files } = packPublished(flags.out);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`${file}: ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}, ${files.length} files`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 1;
  }
}
