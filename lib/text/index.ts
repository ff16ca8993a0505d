export { backgroundWordLists } from './background-words.js';
export { byteLetters, WORD_END } from './bpe.js';
export { BACKGROUND, cleanName, foldName, MAX_CATEGORIES, parseCategories, quote } from './names.js';
export type { PromptRequest, PromptSet } from './prompt-set.js';
export { planPrompts } from './prompt-set.js';
export { ClipTokenizer } from './tokenizer.js';
export { invalid as invalidTokenizer, tokenizerField, tokenizerText } from './tokenizer-files.js';
