/** What `invseg doctor` finds. */

/** `skipped`: what it needs has failed already. */
export type Status = 'ok' | 'warning' | 'failed' | 'skipped';

export type CheckName = 'node' | 'platform' | 'cache' | 'libtorch' | 'addon' | 'device' | 'model' | 'self-test';

export interface Finding {
  check: CheckName;
  status: Status;
  /** One line: what is there, or what is wrong. */
  summary: string;
  /** What to do, where something is wrong. */
  wayOut?: string;
  /** What else is known, as plain data. */
  facts?: Readonly<Record<string, unknown>>;
}
