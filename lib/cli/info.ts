/** `invseg info`: what a bug report and a paper's appendix need. */

import { openBundle } from '../models/index.js';
import { loadBinding } from '../native/index.js';
import { packageVersion } from '../version.js';
import { describeError, EXIT, errorJson } from './terminal/failure.js';
import type { Io } from './terminal/io.js';

export interface InfoFlags {
  model?: string;
  json?: true;
  trustCode?: true;
}

/** Describes what it can; a missing part is an error in the text and the exit code 1. */
export async function infoCommand(flags: InfoFlags, io: Io, debug: boolean): Promise<number> {
  const errors: unknown[] = [];
  const info = {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    native: await attempt(nativeInfo, errors),
    model: await attempt(() => modelInfo(flags), errors),
  };
  if (flags.json) io.out(`${JSON.stringify({ ...info, errors: errors.map(errorJson) })}\n`);
  else io.out(asText(info));
  for (const error of errors) io.err(describeError(error, debug));
  return errors.length > 0 ? EXIT.failed : EXIT.ok;
}

async function attempt<T>(work: () => T | Promise<T>, errors: unknown[]): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    errors.push(error);
    return null;
  }
}

function nativeInfo() {
  const { binding, folder, libtorch, warnings } = loadBinding();
  const { torch, cudaBuild, cudaDevices, threads } = binding.info();
  const unmapped = warnings.length > 0 ? { unmapped: warnings.join('; ') } : {};
  return { torch, libtorch, addon: folder, cudaBuild, cudaDevices, threads, ...unmapped };
}

async function modelInfo({ model, trustCode }: InfoFlags) {
  const bundle = await openBundle(model, { trustCode });
  const { name, version, license, source, image, names } = bundle.manifest;
  const identity = await bundle.identity();
  const knows = names.length > 0 ? { knows: names } : {};
  return {
    name,
    version,
    license,
    source,
    folder: bundle.folder,
    imageSize: image.size,
    latentSize: image.latentSize,
    ...identity,
    ...knows,
  };
}

function asText(info: object, indent = ''): string {
  const lines = Object.entries(info).map(([key, value]) => {
    if (value === null) return `${indent}${key}: not available`;
    if (Array.isArray(value)) return `${indent}${key}: ${value.join(', ')}`;
    if (typeof value === 'object') return `${indent}${key}:\n${asText(value as object, `${indent}  `).trimEnd()}`;
    return `${indent}${key}: ${String(value)}`;
  });
  return `${lines.join('\n')}\n`;
}
