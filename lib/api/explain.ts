/**
 * Why a mask is as it is, and whether the loss can help: `import { explain } from 'invseg-native/explain'`. Functions named `render…` give
 * pages, `draw…` images, `…Markdown` text.
 */
export type { DiagnoseOptions, DiagnoseProgress, Diagnosis, Variant, VariantFinding } from '../diagnose/index.js';
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
