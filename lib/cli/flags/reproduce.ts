/** Flags of `invseg reproduce`. */
import type { AbsentRule } from '../../scores/index.js';
import type { DatasetFlags } from './dataset.js';
import type { EngineFlags } from './engines.js';
import type { SegmentFlags } from './options.js';
import type { ReproduceNamesFlags } from './reproduce-names.js';

export interface ReproduceFlags
  extends DatasetFlags,
    ReproduceNamesFlags,
    EngineFlags,
    Pick<SegmentFlags, 'steps' | 'set' | 'out'> {
  dataset?: string;
  sample?: string;
  seeds: string;
  rows?: string;
  methods?: string;
  sources?: string;
  onProblem?: string;
  absent: AbsentRule;
  list?: true;
}
