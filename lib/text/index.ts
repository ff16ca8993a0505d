export { BACKGROUND, cleanName, foldName, MAX_CATEGORIES, MAX_NAME_LENGTH, parseCategories } from './names.js';
export type { Prompt, PromptOptions, Prompts } from './prompt.js';
export { buildPrompts } from './prompt.js';
export type { Token, TokenizerOptions } from './tokenizer.js';
export { ClipTokenizer } from './tokenizer.js';
