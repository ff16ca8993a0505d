/** `invseg setup`. */
import { InvSegError } from '../errors.js';
import type { Io } from './io.js';

export interface SetupFlags {
  libtorch?: string;
  rebuild?: true;
}

export async function setupCommand(_flags: SetupFlags, _io: Io): Promise<number> {
  throw new InvSegError('SETUP_FAILED', 'not there yet');
}
