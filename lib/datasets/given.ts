import { record, refuse } from '../checks/index.js';

/**
 * By what it has, since callers may bring their own.
 * @throws {InvSegError} `INVALID_OPTION` for what is no open data set
 */
export function checkDatasetGiven(value: unknown, name = 'dataset'): void {
  const expects = 'an open data set';
  const { ids, classes, item } = record(value, name, expects);
  if (!Array.isArray(ids) || !Array.isArray(classes) || typeof item !== 'function') refuse(name, expects, value);
}
