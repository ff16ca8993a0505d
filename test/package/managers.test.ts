/** The published package, installed by npm with packages of the registry; `npm run test:install` has the other managers. */
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUILD_FOLDER } from '../../lib/native/stamp.js';
import { packageVersion } from '../../lib/version.js';
import { OWN_CASES } from '../../scripts/packaging/managers.mjs';
import { tryInstall } from '../../scripts/packaging/project.mjs';
import { pack, remove } from './install.js';

let folder: string;
let tarball: string;
const addon = process.env['INVSEG_ADDON'] ?? BUILD_FOLDER;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
  tarball = pack(folder).file;
});

afterAll(() => remove(folder));

it.each(OWN_CASES.map((way) => [way.name, way] as const))(
  '%s compiles nothing and leaves a package that segments',
  async (_, way) => {
    const { built, version, encodes, labels, status } = await tryInstall(way, tarball, { addon });
    expect({ built, version, encodes }).toEqual({ built: false, version: packageVersion(), encodes: 'function' });
    expect({ labels, status }).toEqual({ labels: 128 * 128, status: 'completed' });
  },
  300_000,
);
