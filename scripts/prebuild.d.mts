import type { Needs } from './packaging/elf.mjs';

export const LIMITS: Readonly<Record<string, string>>;
export function checkNeeds(file: string, limits?: Readonly<Record<string, string>>): Needs;
