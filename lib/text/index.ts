export type { BackgroundWords } from './background-words.js';
export { backgroundWordLists } from './background-words.js';
export { BACKGROUND, cleanName, foldName, MAX_CATEGORIES, MAX_NAME_LENGTH, parseCategories, quote } from './names.js';
export type { PromptRequest, PromptSet } from './plan.js';
export { planPrompts } from './plan.js';
export type { Prompt, PromptOptions, Prompts } from './prompt.js';
export { buildPrompts } from './prompt.js';
export type { Token, TokenizerOptions } from './tokenizer.js';
export { ClipTokenizer } from './tokenizer.js';
