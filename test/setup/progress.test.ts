import { describe, expect, it } from 'vitest';
import { bytesText, progressBar, progressLines, progressText } from '../../lib/setup/progress.js';

it.each([
  [0, '0 kB'],
  [1, '1 kB'],
  [149_000, '149 kB'],
  [191_794_682, '192 MB'],
  [3_100_000_000, '3.1 GB'],
])('%i bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

describe('progress', () => {
  it('names what is done, how much, and of how much', () => {
    expect(progressText({ what: 'torch.whl', done: 50e6, total: 200e6 })).toBe('torch.whl: 50 MB of 200 MB (25 %)');
    expect(progressText({ what: 'torch.whl', done: 50e6, total: undefined })).toBe('torch.whl: 50 MB');
  });

  it('has its bytes first on a terminal, where a long name may be cut off', () => {
    expect(progressBar({ what: 'torch.whl', done: 50e6, total: 200e6 })).toBe(
      `[#####${' '.repeat(15)}] 50 MB of 200 MB torch.whl`,
    );
    expect(progressBar({ what: 'torch.whl', done: 200e6, total: 200e6 })).toBe(
      `[${'#'.repeat(20)}] 200 MB of 200 MB torch.whl`,
    );
    expect(progressBar({ what: 'torch.whl', done: 50e6, total: undefined })).toBe('50 MB torch.whl');
  });

  it('is ten lines a file where there is no terminal', () => {
    const lines: string[] = [];
    const tell = progressLines((line) => lines.push(line));
    for (let done = 0; done <= 1000; done++) tell({ what: 'a', done: done * 1e6, total: 1e9 });
    for (let done = 0; done <= 1000; done++) tell({ what: 'b', done: done * 1e6, total: undefined });
    expect(lines.filter((line) => line.includes('a: '))).toHaveLength(10);
    expect(lines.filter((line) => line.includes('b: '))).toHaveLength(10);
    expect(lines[0]).toBe('  a: 100 MB of 1.0 GB (10 %)');
  });
});
