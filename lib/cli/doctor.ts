/** `invseg doctor`: whether everything is there for a mask, and what to do where it is not. */

import type { Finding, Status } from '../doctor/index.js';
import { examine } from '../doctor/index.js';
import { packageVersion } from '../version.js';
import { EXIT } from './terminal/failure.js';
import type { Io } from './terminal/io.js';

export interface DoctorFlags {
  model?: string;
  trustCode?: true;
  json?: true;
}

const MARKS: Record<Status, string> = { ok: 'ok', warning: 'note', failed: 'FAILED', skipped: '-' };

/** @returns exit code 1 where something failed */
export async function doctorCommand({ json, ...asked }: DoctorFlags, io: Io): Promise<number> {
  const findings = await examine(asked);
  const good = findings.every(({ status }) => status !== 'failed');
  if (json) io.out(`${JSON.stringify({ format: 'invseg-doctor/1', version: packageVersion(), ok: good, findings })}\n`);
  else io.out(asText(findings, good));
  return good ? EXIT.ok : EXIT.failed;
}

function asText(findings: readonly Finding[], good: boolean): string {
  const lines = findings.flatMap((finding) => {
    const line = `${MARKS[finding.status].padEnd(7)}${finding.check.padEnd(10)} ${finding.summary}`;
    return finding.check === 'libtorch' && finding.status === 'failed' ? [line, ...places(finding)] : [line];
  });
  const steps = findings.flatMap(({ check, wayOut }) => (wayOut === undefined ? [] : [`  ${check}: ${wayOut}`]));
  const next = good ? ['Next: npx invseg segment photo.jpg --categories "cat,dog"'] : [];
  return [
    `invseg ${packageVersion()}`,
    ...lines,
    ...(steps.length > 0 ? ['What to do:', ...steps] : []),
    ...next,
    '',
  ].join('\n');
}

function places({ facts }: Finding): string[] {
  const looked = (facts?.['places'] ?? []) as { source: string; place: string; outcome: string }[];
  return looked.map(({ source, place, outcome }) => `${''.padEnd(18)}${source}: ${place}: ${outcome}`);
}
