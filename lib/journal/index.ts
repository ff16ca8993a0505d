export type { Difference } from './differences.js';
export { differences } from './differences.js';
export { Journal, readJournal } from './journal.js';
export { lockFile } from './lock.js';
export type { JournalRecord } from './seal.js';
