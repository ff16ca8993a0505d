#!/usr/bin/env node
/**
 * What prebuildify runs in place of node-gyp: CMake by the package's own set-up, which parses LibTorch's headers once and not once
 * a file. It leaves the one binary that prebuildify then strips and names in `build/Release` of its working directory.
 *
 * INVSEG_PREBUILD_TARGET is the target of CMakeLists.txt, INVSEG_PREBUILD_LIBTORCH the root of LibTorch.
 */
import path from 'node:path';
import { buildTargets } from '../../dist/setup/build.js';
import { describeFailure } from '../compile.mjs';

const { INVSEG_PREBUILD_TARGET: target, INVSEG_PREBUILD_LIBTORCH: libtorch } = process.env;
try {
  await buildTargets(path.resolve('build'), libtorch, [target], console.log);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
