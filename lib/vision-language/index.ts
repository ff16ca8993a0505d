export { embeddedFilter, openModel } from './model.js';
export type { CaptionOptions, VisionLanguageInfo, VisionLanguageOptions } from './vision-language.js';
export { VisionLanguage } from './vision-language.js';
