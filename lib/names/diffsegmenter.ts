/**
 * Names computed from the picture, DiffSegmenter's way: a captioner says what it sees, and of the vocabulary those classes
 * are kept that the picture or a noun of the captions is close to.
 */
import { Similarity } from './similarity.js';
import type { NameSource } from './types.js';
import type { VisionLanguageModels } from './vision-language.js';
import type { Vocabulary } from './vocabulary.js';
import { nounsOf } from './words.js';

export interface StrategyOptions {
  /** What captions begin with. */
  prefixes: readonly string[];
  /** A class stays with a cosine to the picture of at least this share of the best class's. */
  imageRatio: number;
  /** Or with a cosine to a noun above this. */
  textThreshold: number;
}

const strategyDefaults: StrategyOptions = {
  prefixes: ['', 'A picture of'],
  imageRatio: 0.97,
  textThreshold: 0.8,
};

export function diffsegmenterNames(
  models: VisionLanguageModels,
  vocabulary: Vocabulary,
  options: Partial<StrategyOptions> = {},
): NameSource {
  const { prefixes, imageRatio, textThreshold } = { ...strategyDefaults, ...options };
  const similarity = new Similarity(models, vocabulary);
  return {
    description: `computed from the picture by ${models.description} (image ≥ ${imageRatio} of the best, noun > ${textThreshold}), vocabulary ${vocabulary.name}`,
    async namesFor({ imagePath, image = imagePath }) {
      const captions = await models.captions(image, prefixes);
      const nouns = nounsOf(captions.map((caption, i) => withoutPrefix(caption, prefixes[i])).join(' . '));
      const byImage = await similarity.toImage(image, imageRatio);
      const byText = await similarity.toNouns(nouns, textThreshold);
      const kept = [...new Set([...byImage, ...byText])].sort((a, b) => a - b);
      const warnings = nouns.length === 0 ? [`The captions name nothing: ${JSON.stringify(captions)}`] : [];
      return { names: kept.map((index) => vocabulary.classes[index]!.prompt), origin: 'diffsegmenter', warnings };
    },
  };
}

/** "a picture of" was put there by us; "picture" is no noun of what is seen. */
function withoutPrefix(caption: string, prefix = ''): string {
  return caption.toLowerCase().startsWith(prefix.toLowerCase()) ? caption.slice(prefix.length) : caption;
}

/** The image rule alone: what is left to ask when a caption names no class. */
export function imageSimilarityNames(
  models: VisionLanguageModels,
  vocabulary: Vocabulary,
  imageRatio = strategyDefaults.imageRatio,
): NameSource {
  const similarity = new Similarity(models, vocabulary);
  return {
    description: `classes closest to the picture by ${models.description} (≥ ${imageRatio} of the best), vocabulary ${vocabulary.name}`,
    async namesFor({ imagePath, image = imagePath }) {
      const indices = await similarity.toImage(image, imageRatio);
      return {
        names: indices.map((index) => vocabulary.classes[index]!.prompt),
        origin: 'image-similarity',
        warnings: [],
      };
    },
  };
}
