export type { Frozen } from './freeze.js';
export { deepFreeze } from './freeze.js';
export { topLevelKeys } from './json-keys.js';
export { nearest } from './nearest.js';
export { JsonReader } from './reader.js';
export type { Rule } from './rules.js';
export {
  either,
  flag,
  integer,
  isPlainObject,
  number,
  oneOf,
  pathText,
  range,
  record,
  refuse,
  show,
  text,
} from './rules.js';
export { rejectUnknown } from './unknown.js';
