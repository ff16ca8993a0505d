export type { CandidateName } from './candidates.js';
export { diagnose } from './diagnose.js';
export { diagnosisMarkdown } from './markdown.js';
export { drawDiagnosis } from './picture-page.js';
export type { CandidateLoss } from './probe.js';
export type { DiagnoseOptions, DiagnoseProgress, Diagnosis, VariantFinding } from './types.js';
export type { Variant } from './variants.js';
export { chooseVariants, defaultVariants } from './variants.js';
export { verdict } from './verdict.js';
