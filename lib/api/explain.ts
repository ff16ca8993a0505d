/**
 * Why a mask is as it is, and whether the loss can help. Functions named `render…` give pages, `draw…` images,
 * `…Markdown` text.
 *
 * @module invseg-native/explain
 */
export type {
  CandidateLoss,
  CandidateName,
  DiagnoseOptions,
  DiagnoseProgress,
  Diagnosis,
  Variant,
  VariantFinding,
} from '../diagnose/index.js';
export {
  chooseVariants,
  defaultVariants,
  diagnose,
  diagnosisMarkdown,
  drawDiagnosis,
} from '../diagnose/index.js';
export type { Agreement, ChosenPoint, ExplainOptions, Explanation, MethodRun } from '../explain/index.js';
export { explain, renderExplanation } from '../explain/index.js';
export type { AlbumFile } from '../page/index.js';
export type { Estimate } from '../scores/index.js';
