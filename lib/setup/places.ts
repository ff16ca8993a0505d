/** Where the set-up keeps things. */
import path from 'node:path';
import { cacheFolder } from '../native/index.js';

/** Full output of one step of the set-up. */
export function logFile(step: string, env: NodeJS.ProcessEnv = process.env): string {
  return path.join(cacheFolder(env), 'logs', `${step}.log`);
}
