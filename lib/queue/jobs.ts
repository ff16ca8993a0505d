/** What a job holds and what comes back: JSON, a few kilobytes. */
import type { JobsOptions } from 'bullmq';
import type { Place } from '../evaluation/picture.js';
import type { RemoteResult } from '../evaluation/remote.js';

export interface JobData extends Place {
  /** Hash of the run's settings; a worker that checked others leaves the job to the next one. */
  run: string;
}

/** Labels in base64, and who made them. */
export type JobResult = RemoteResult<string> & { worker: string };

/** Tries of a picture that fails for a reason that may be the host's. */
export const ATTEMPTS = 4;
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
  'failure' in result ? { ...result, worker } : { record: result.record, labels: Buffer.from(result.labels).toString('base64'), worker };

/** @returns undefined for anything but a result of this very picture */
export function decodeResult(value: unknown, { id, place }: Place): RemoteResult | undefined {
  const result = value as Partial<Extract<JobResult, { record: unknown }>> & Partial<Extract<JobResult, { failure: unknown }>> | null;
  if (typeof result !== 'object' || result === null) return undefined;
  const { failure, record, labels } = result;
  if (typeof failure?.code === 'string' && typeof failure.message === 'string') return { failure };
  if (record?.id !== id || record.place !== place || !Array.isArray(record.counts) || typeof labels !== 'string') return undefined;
  return { record, labels: Buffer.from(labels, 'base64') };
}
