/** One job: a picture of the run that the worker checked, and what is worth another try elsewhere. */
import type { Job } from 'bullmq';
import type { ErrorCode } from '../../errors.js';
import { InvSegError } from '../../errors.js';
import type { RemoteEngine } from '../remote.js';
import type { JobData, JobResult } from './jobs.js';
import { encodeResult } from './jobs.js';

export interface ProcessorOptions {
  engine: Pick<RemoteEngine, 'work'>;
  /** Hash of the settings that were checked. */
  run: string;
  /** In messages. */
  worker: string;
  onPicture: () => void;
  /** The worker is of no use any more. */
  onEnd: (error: InvSegError) => void;
}

/** The device's fault, not the picture's. */
const sick: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OUT_OF_MEMORY', 'DEVICE_UNAVAILABLE', 'INTERNAL']);
/** Another host may have the file; names it has not, for every worker of a run has the same. */
const files = ['IMAGE_NOT_FOUND', 'MASK_NOT_FOUND', 'DATASET_NOT_FOUND', 'IMAGE_UNREADABLE'] as const;
const missing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(files);
/** Failures of the engine in a row after which a worker ends, before it spoils every picture's tries. */
const MOST_FAILURES = 3;

type PictureJob = Pick<Job<JobData, JobResult>, 'data' | 'opts' | 'attemptsMade'>;

export class PictureProcessor {
  inHand = 0;
  readonly #options: ProcessorOptions;
  #failures = 0;

  constructor(options: ProcessorOptions) {
    this.#options = options;
  }

  /** @throws {Error} to have the picture tried again, here or elsewhere, after a while */
  async process({ data, opts, attemptsMade }: PictureJob): Promise<JobResult> {
    const { engine, run, worker, onPicture, onEnd } = this.#options;
    const { id, place } = data;
    if (data.run !== run) throw new Error('the queue holds an image of other settings');
    this.inHand++;
    try {
      const result = await engine.work({ id, place });
      if (!('failure' in result)) {
        this.#failures = 0;
        onPicture();
        return encodeResult(result, worker);
      }
      const { code, message } = result.failure;
      if (sick.has(code) && ++this.#failures >= MOST_FAILURES) {
        onEnd(
          new InvSegError(
            'WORKER_LOST',
            `${MOST_FAILURES} images in a row failed in this worker's engine, the last one with ${code}: ${message}`,
          ),
        );
      }
      const again = (sick.has(code) || missing.has(code)) && attemptsMade + 1 < (opts.attempts ?? 1);
      if (again) throw new Error(`${code}: ${message} (${worker})`);
      onPicture();
      return encodeResult({ failure: { code, message: `${message} (worker ${worker})` } }, worker);
    } finally {
      this.inHand--;
    }
  }
}
