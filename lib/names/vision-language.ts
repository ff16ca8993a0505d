/** The models that name what a picture shows, as far as the sources need them. `VisionLanguage` is one; tests bring their own. */
import type { ImageInput } from '../image/index.js';

export interface VisionLanguageModels {
  /** Names of the models, for reports. */
  readonly description: string;
  /** One caption a prefix, the prefix in front of it. */
  captions(image: ImageInput, prefixes: readonly string[]): Promise<string[]>;
  /** [width], in one space with the texts. */
  imageEmbedding(image: ImageInput): Promise<Float32Array>;
  /** [width] each. */
  textEmbeddings(texts: readonly string[]): Promise<Float32Array[]>;
  /** [width] each: mean of the text encoder's last hidden states over the word's tokens, without start and end. */
  wordStates(words: readonly string[]): Promise<Float32Array[]>;
}

/** Cosine of two vectors of the same length; 0 where one of them is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  const length = Math.sqrt(squareA * squareB);
  return length > 0 ? product / length : 0;
}
