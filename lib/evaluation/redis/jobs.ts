/** What a job holds and what comes back: JSON, a few kilobytes. */
import type { JobsOptions } from 'bullmq';
import { isErrorCode } from '../../errors.js';
import type { Place } from '../picture.js';
import { checkRecord } from '../record.js';
import type { RemoteResult } from '../remote.js';
import { isSkip } from '../types.js';

export interface JobData extends Place {
  /** Hash of the run's settings; a worker that checked others leaves the job to the next one. */
  run: string;
}

/** Labels in base64, and who made them. */
export type JobResult = RemoteResult<string> & { worker: string };

/** Characters of a message. */
const LONGEST = 10_000;

/** Tries of a picture that fails for a reason that may be the host's. */
const ATTEMPTS = 4;
/** How often a picture is taken over from a worker that has gone. */
export const MOST_STALLS = 3;

/** By its place: what is in the queue is not put there twice. */
export const jobId = ({ place }: Place): string => `picture-${place}`;

export const jobOptions = (place: Place): JobsOptions => ({
  jobId: jobId(place),
  attempts: ATTEMPTS,
  backoff: { type: 'exponential', delay: 1000 },
  stackTraceLimit: 1,
});

export const encodeResult = (result: RemoteResult, worker: string): JobResult =>
  'failure' in result
    ? { ...result, worker }
    : { record: result.record, labels: Buffer.from(result.labels).toString('base64'), worker };

/** Base64 of the labels of the largest picture. */
const MOST_LABELS = 2 ** 28;

/**
 * @param classes of the data set
 * @returns undefined for anything but a result of this very picture
 */
export function decodeResult(value: unknown, { id, place }: Place, classes: number): RemoteResult | undefined {
  const result = value as
    | (Partial<Extract<JobResult, { record: unknown }>> & Partial<Extract<JobResult, { failure: unknown }>>)
    | null;
  if (typeof result !== 'object' || result === null) return undefined;
  const { failure, record, labels } = result;
  if (isErrorCode(failure?.code) && typeof failure.message === 'string')
    return { failure: { code: failure.code, message: failure.message.slice(0, LONGEST) } };
  if (record?.id !== id || record.place !== place || typeof labels !== 'string' || labels.length > MOST_LABELS)
    return undefined;
  try {
    if (isSkip(checkRecord(record, classes, id))) return undefined;
  } catch {
    return undefined;
  }
  return { record, labels: Buffer.from(labels, 'base64') };
}
