/**
 * What a record of a run may say: journals are copied between hosts, and results come out of a queue that others write
 * to.
 */
import { isPlainObject } from '../checks/index.js';
import { InvSegError, isErrorCode } from '../errors.js';
import { MAX_PIXELS } from '../image/index.js';
import type { PixelCounts, SparseCounts } from '../scores/index.js';
import type { RunRecord, RunSettings } from './types.js';

const PARTS = ['load', 'names', 'encode', 'inversion', 'predict', 'segment'] as const;
const MOST_STEPS = 1000;
const MOST_WARNINGS = 1000;
/** Characters of an id, and of a message. */
const LONGEST = 10_000;

/**
 * @param value parsed JSON
 * @param classes of the data set
 * @param where it stands, for messages
 * @throws {InvSegError} `OUTPUT_FAILED` naming the field
 */
export function checkRecord(value: unknown, classes: number, where: string): RunRecord {
  const need = (right: boolean, what: string): void => {
    if (!right)
      throw new InvSegError('OUTPUT_FAILED', `${where}: expected a record of an image but found one without ${what}`);
  };
  need(isPlainObject(value), 'fields');
  const { id, place, skipped, mask, counts, confused, names, milliseconds, losses, warnings } = value as Record<
    string,
    unknown
  >;
  need(isText(id), 'an id');
  need(isCount(place), 'a place in the list');
  if (skipped !== undefined) {
    need(
      isPlainObject(skipped) && isErrorCode(skipped['code']) && isText(skipped['message']),
      'a reason why it was left out',
    );
    return value as RunRecord;
  }
  need(typeof mask === 'string' && /^[0-9a-f]{16}$/.test(mask), 'the digest of a mask');
  need(isCounts({ counts, confused }, classes), `counts of ${classes} classes that fit together, 0 ≤ hit ≤ truth`);
  need(
    isList(names, classes) && names.every((label) => isCount(label) && label < classes),
    'labels that were asked for',
  );
  need(isPlainObject(milliseconds) && PARTS.every((part) => isNumber(milliseconds[part], 0)), 'milliseconds');
  need(
    isList(losses, MOST_STEPS) &&
      losses.every((loss) => isList(loss, 3) && loss.length === 3 && loss.every((one) => isNumber(one))),
    'losses',
  );
  need(isList(warnings, MOST_WARNINGS) && warnings.every(isText), 'warnings');
  return value as RunRecord;
}

/** Whether every pixel of the truth is counted once, and every prediction is right or confused with something. */
function isCounts(value: { counts: unknown; confused: unknown }, classes: number): value is PixelCounts {
  const { counts, confused } = value;
  if (!isSparse(counts, classes) || !isList(confused, classes * classes)) return false;
  const truth = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  for (const [c, hit, labelled, guessed] of counts) {
    truth[c] = labelled - hit;
    predicted[c] = guessed - hit;
  }
  let before = -1;
  for (const entry of confused) {
    if (!isList(entry, 3) || entry.length !== 3 || !entry.every(isCount)) return false;
    const [label, guess, wrong] = entry as [number, number, number];
    const at = label * classes + guess;
    if (label === guess || label >= classes || guess >= classes || at <= before || wrong === 0) return false;
    before = at;
    truth[label]! -= wrong;
    predicted[guess]! -= wrong;
  }
  // What is left of the truth was given to no class; of the predictions nothing is left.
  return truth.every((rest) => rest >= 0) && predicted.every((rest) => rest === 0);
}

/** Whether each class is there once, with no more hits than pixels, of a picture that can be decoded. */
export function isSparse(counts: unknown, classes: number): counts is SparseCounts {
  if (!isList(counts, classes)) return false;
  let [last, pixels] = [-1, 0];
  for (const entry of counts) {
    if (!isList(entry, 4) || entry.length !== 4 || !entry.every(isCount)) return false;
    const [c, hit, labelled, guessed] = entry as [number, number, number, number];
    if (c <= last || c >= classes || hit > labelled || hit > guessed) return false;
    [last, pixels] = [c, pixels + labelled];
  }
  return pixels <= MAX_PIXELS;
}

/** @throws {InvSegError} `OUTPUT_FAILED` for settings that name no classes */
export function checkSettings(value: unknown, where: string): RunSettings {
  const settings = value as RunSettings;
  const whole =
    isPlainObject(value) &&
    isList(settings.classes, 255) &&
    settings.classes.length > 0 &&
    settings.classes.every(isText) &&
    isCount(settings.pictures) &&
    typeof settings.protocol === 'string' &&
    isList(settings.unlisted, Infinity) &&
    settings.unlisted.every(
      (one) => isPlainObject(one) && isText(one['id']) && isErrorCode(one['code']) && isText(one['message']),
    ) &&
    isPlainObject(settings.options);
  if (whole) return settings;
  throw new InvSegError(
    'OUTPUT_FAILED',
    `${where}: expected the settings of an evaluation but found others; name the folder of invseg evaluate`,
  );
}

const isList = (value: unknown, most: number): value is unknown[] => Array.isArray(value) && value.length <= most;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown, least = -Infinity): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= least;
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= LONGEST;
