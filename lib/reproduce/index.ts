export { captionerNames } from './captioner.js';
export { countDone } from './done.js';
export type { GridSource } from './grid.js';
export { gridSources, gridTable } from './grid.js';
export type { Circumstances } from './layout.js';
export { tableMarkdown, tableText } from './layout.js';
export { machineOf } from './machine.js';
export type { NamesLacking, NamesOffer, NamesOffers } from './offers.js';
export { assumedOffers } from './offers.js';
export type { Plan, PlanInput, PlannedRow, PlannedTable, Setting } from './plan.js';
export { checkRunnable, makePlan } from './plan.js';
export type { ReproduceOptions, ReproduceProgress } from './reproduce.js';
export { reproduce } from './reproduce.js';
export { runFolder } from './run-one.js';
export { tables } from './tables.js';
export type {
  PaperDataset,
  PaperFigures,
  RowNames,
  RowResult,
  RowRun,
  RunFigures,
  Spread,
  Table,
  TableResult,
  TableRow,
} from './types.js';
export { paperDatasets } from './types.js';
