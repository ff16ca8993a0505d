import type { EngineOptions } from '../options/index.js';
import type { SegmenterParts } from './parts.js';

export async function openParts(_options: EngineOptions): Promise<SegmenterParts> {
  throw new Error('to come');
}
