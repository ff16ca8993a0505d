export type { Source } from './field.js';
export { Field } from './field.js';
export type { Frozen } from './freeze.js';
export { deepFreeze } from './freeze.js';
export { topLevelKeys } from './json-keys.js';
export { nearest } from './nearest.js';
export { notJson } from './position.js';
export type { Rule } from './rules.js';
export {
  either,
  flag,
  integer,
  isPlainObject,
  isSignal,
  number,
  oneOf,
  pathBelow,
  pathText,
  range,
  record,
  refuse,
  show,
  someText,
  text,
  textPair,
} from './rules.js';
export { rejectUnknown } from './unknown.js';
