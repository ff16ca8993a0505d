/** A report that was written by `bench`, perhaps by another version, perhaps edited. */
import type { Rule } from '../checks/index.js';
import { Field, flag, integer, isPlainObject, number, oneOf, someText } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { BenchReport } from './types.js';
import { benchStages } from './types.js';

const amount = number({ min: 0 });
const anyText: Rule<string> = {
  expects: 'a text',
  read: (value, name) => (value === '' ? '' : someText.read(value, name)),
};

/**
 * Takes a parsed file for a report, if it is one.
 *
 * @param value parsed JSON
 * @param name of the file, for the error
 * @returns the value
 * @throws {InvSegError} `INVALID_OPTION` for anything else, naming the field
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { checkBenchReport } from 'invseg-native/bench';
 *
 * const report = checkBenchReport(JSON.parse(await readFile('bench.json', 'utf8')), 'bench.json');
 * console.log(report.stages.total?.p50);
 * ```
 */
export function checkBenchReport(value: unknown, name: string): BenchReport {
  if (!isPlainObject(value) || value['format'] !== 'invseg-bench/1')
    throw new InvSegError('INVALID_OPTION', `Expected a file that invseg bench --json wrote for ${name}`);
  const report = new Field(value, { file: name, code: 'INVALID_OPTION' });
  const all = (field: Field, fields: Record<string, Rule<unknown>>): void => {
    for (const [key, rule] of Object.entries(fields)) field.at(key).read(rule);
  };
  all(report, {
    date: someText,
    device: someText,
    deviceName: anyText,
    dtype: someText,
    images: integer(1),
    imagesPerSecond: amount,
    peakMemory: amount,
    eventLoopP99: amount,
  });
  const host = report.at('host');
  all(host, { platform: someText, cpu: anyText, cores: integer(1), node: someText });
  if (host.at('version').present) host.at('version').read(someText);
  if (host.at('threads').present) host.at('threads').read(integer(0));
  all(report.at('model'), { name: someText, version: anyText });
  if (report.at('model').at('random').present) report.at('model').at('random').read(flag);
  all(report.at('picture'), { width: integer(1), height: integer(1), hash: anyText });
  for (const one of report.at('categories').list()) one.read(anyText);
  report.at('options').record();
  for (const loss of report.at('losses').list()) loss.read(number());
  for (const [stage, field] of report.at('stages').entries()) {
    field.check(() => oneOf(...benchStages).read(stage, 'a stage'));
    all(field, { p50: amount, p90: amount });
  }
  // What every report has, whatever ran.
  all(report.at('stages').at('total'), { p50: amount, p90: amount });
  for (const one of report.at('batches').items())
    all(one, { batch: integer(1), images: integer(1), imagesPerSecond: amount });
  for (const one of report.at('peers').items())
    all(one, { kind: someText, dtype: someText, seconds: amount, peakMemory: amount, largestLossDifference: amount });
  return value as unknown as BenchReport;
}
