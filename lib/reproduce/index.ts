export { writeReports, writeTables } from './files.js';
export type { GridSource } from './grid.js';
export { gridSources, gridTable } from './grid.js';
export type { Circumstances } from './layout.js';
export { tableMarkdown, tableText } from './layout.js';
export { machineOf } from './machine.js';
export type { ReproduceNames } from './name-offers.js';
export { OfferedNames } from './name-offers.js';
export type { NamesLacking, NamesOffer, NamesOffers } from './offers.js';
export { assumedOffers } from './offers.js';
export type { Plan, PlanInput } from './plan.js';
export { checkRunnable, makePlan } from './plan.js';
export { planText } from './plan-text.js';
export type { ReproduceOptions, ReproduceProgress } from './reproduce.js';
export { reproduce } from './reproduce.js';
export { tables } from './tables.js';
export type {
  Figures,
  PaperDataset,
  PaperFigures,
  PaperSide,
  RowNames,
  RowResult,
  RowRun,
  RunFigures,
  Spread,
  SweptFigures,
  Table,
  TableResult,
  TableRow,
} from './types.js';
export { paperDatasets } from './types.js';
