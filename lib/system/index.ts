export type { LockTiming } from './file-lock.js';
export { FileLock } from './file-lock.js';
export { shortStem } from './file-names.js';
export { FileError, LIMITS, openFile, readBounded, readStart, readText } from './files.js';
export { parseJson } from './json.js';
export { makeFolder, prepareFolder, unwritable, writeWhole } from './outputs.js';
export { ownProcess } from './processes.js';
export { sweepTemporaries, temporaryIn, writeWholeFile } from './whole-file.js';
