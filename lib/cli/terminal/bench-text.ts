/** What `invseg bench` prints. */
import type { BenchComparison, BenchReport } from '../../bench/index.js';

export function asTable(report: BenchReport): string {
  const { model, deviceName, device, dtype, host, images, stages, imagesPerSecond, peakMemory, eventLoopP99, losses } =
    report;
  const rows = Object.entries(stages).map(
    ([stage, { p50, p90 }]) => `  ${stage.padEnd(10)} ${p50.toFixed(1).padStart(10)} ${p90.toFixed(1).padStart(10)}`,
  );
  const name = model.random ? `${model.name} with random weights` : model.name;
  return [
    `${name} on ${device} (${deviceName}), ${dtype}; ${host.cores} cores, Node ${host.node}; ${images} images`,
    `  ${'ms'.padEnd(10)} ${'p50'.padStart(10)} ${'p90'.padStart(10)}`,
    ...rows,
    `  ${imagesPerSecond.toPrecision(3)} images/s, peak memory ${(peakMemory / 2 ** 20).toFixed(0)} MiB, event loop p99 ${eventLoopP99.toFixed(1)} ms`,
    ...(report.batches ?? []).map(
      ({ batch, imagesPerSecond: speed }) => `  ${speed.toPrecision(3)} images/s with ${batch} in one pass`,
    ),
    ...(losses.length > 0 ? [`  loss ${losses.map((loss) => loss.toFixed(5)).join(' to ')}`] : []),
    '',
  ].join('\n');
}

export function asComparison({ changes, slower, differences }: BenchComparison, file: string): string {
  const rows = changes.map(
    ({ stage, before, after, ratio, slower: worse }) =>
      `  ${stage.padEnd(10)} ${before.toFixed(1).padStart(10)} ${after.toFixed(1).padStart(10)} ${ratio.toFixed(2).padStart(7)}${worse ? '  slower' : ''}`,
  );
  const apart = differences.length > 0 ? [`  not the same: ${differences.join(', ')}`] : [];
  return [`Against ${file}:`, ...apart, ...rows, slower ? '  slower' : '  no stage is slower', ''].join('\n');
}
