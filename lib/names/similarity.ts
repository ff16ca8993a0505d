/** How close classes are to a picture and to words: the two rules of the `diffsegmenter` strategy. */
import type { ImageInput } from '../image/index.js';
import type { VisionLanguageModels } from './vision-language.js';
import { cosine } from './vision-language.js';
import type { Vocabulary } from './vocabulary.js';

/** Nouns whose vectors are kept; each has 3 KB. Captions of strangers' images have new ones without end. */
const MOST_NOUNS = 10_000;

/** Texts are the same for every picture: their vectors are made once. */
export class Similarity {
  readonly #models: VisionLanguageModels;
  readonly #prompts: string[];
  #photos: Promise<Float32Array[]> | undefined;
  #labels: Promise<Float32Array[]> | undefined;
  readonly #nouns = new Map<string, Float32Array>();

  constructor(models: VisionLanguageModels, vocabulary: Vocabulary) {
    this.#models = models;
    this.#prompts = vocabulary.classes.map(({ prompt }) => prompt);
  }

  /** Classes whose "A photo of a {label}" is nearly as close to the picture as the closest one's. @returns indices, ascending */
  async toImage(image: ImageInput, ratio: number): Promise<number[]> {
    this.#photos ??= this.#models.textEmbeddings(this.#prompts.map((prompt) => `A photo of a ${prompt}`));
    const [photos, picture] = await Promise.all([this.#photos, this.#models.imageEmbedding(image)]);
    const cosines = photos.map((photo) => cosine(photo, picture));
    const best = Math.max(...cosines);
    // The best one stays where its cosine is below 0 and a share of it lies above.
    return cosines.flatMap((value, index) => (value >= ratio * best || value === best ? [index] : []));
  }

  /** Classes that some noun is close to. @returns indices, ascending */
  async toNouns(nouns: readonly string[], threshold: number): Promise<number[]> {
    if (nouns.length === 0) return [];
    this.#labels ??= this.#models.wordStates(this.#prompts);
    const labels = await this.#labels;
    const states = await this.#statesOf(nouns);
    return labels.flatMap((label, index) => (states.some((state) => cosine(label, state) > threshold) ? [index] : []));
  }

  async #statesOf(nouns: readonly string[]): Promise<Float32Array[]> {
    const known = nouns.map((noun) => this.#nouns.get(noun));
    const fresh = nouns.filter((_, i) => known[i] === undefined);
    if (fresh.length === 0) return known as Float32Array[];
    const made = await this.#models.wordStates(fresh);
    if (this.#nouns.size + fresh.length > MOST_NOUNS) this.#nouns.clear();
    fresh.forEach((noun, i) => this.#nouns.set(noun, made[i]!));
    let next = 0;
    return known.map((state) => state ?? made[next++]!);
  }
}
