/** The models that name what a picture shows, as far as the sources need them. `VisionLanguage` is one; tests bring their own. */
import type { ImageInput } from '../image/index.js';

/**
 * Models that name what an image shows, as far as the sources need them. `VisionLanguage` is one; a caller may bring
 * its own.
 */
export interface VisionLanguageModels {
  /** Names of the models, for reports. */
  readonly description: string;
  /** One caption per prefix, the prefix in front of it. */
  captions(image: ImageInput, prefixes: readonly string[]): Promise<string[]>;
  /** [width], in one space with the texts. */
  imageEmbedding(image: ImageInput): Promise<Float32Array>;
  /** One vector [width] per text. */
  textEmbeddings(texts: readonly string[]): Promise<Float32Array[]>;
  /**
   * One vector [width] per word: mean of the text encoder's last hidden states over the word's tokens, without start
   * and end.
   */
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
