/** What the strategies need of models of pictures and texts. `VisionLanguage` of lib/vision-language is one. */
import type { ImageInput } from '../image/decode.js';

export interface VisionLanguage {
  /** One caption a prefix; '' lets the model begin by itself. */
  captions(image: ImageInput, prefixes: readonly string[]): Promise<string[]>;
  /** [width], of length 1. */
  imageEmbedding(image: ImageInput): Promise<Float32Array>;
  /** [width] each, of length 1, in the space of the picture's: a dot product is a cosine. */
  textEmbeddings(texts: readonly string[]): Promise<Float32Array[]>;
  /** For each word the mean of the text encoder's hidden states over its tokens, without start and end; of any length. */
  wordStates(words: readonly string[]): Promise<Float32Array[]>;
}
