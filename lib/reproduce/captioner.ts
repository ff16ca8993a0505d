/** Class names in captions that a model writes for each picture: Table 4's captions of BLIP, where nobody has a file of them. */

import type { NameSource, VisionLanguageModels, Vocabulary } from '../names/index.js';
import { NameMatcher } from '../names/index.js';

export function captionerNames(models: VisionLanguageModels, vocabulary: Vocabulary): NameSource {
  const matcher = new NameMatcher(vocabulary);
  return {
    description: `captions by ${models.description}, vocabulary ${vocabulary.name}`,
    async namesFor({ imagePath, image = imagePath }) {
      const [caption = ''] = await models.captions(image, ['']);
      return {
        names: matcher.classesIn(caption).map((index) => vocabulary.classes[index]!.prompt),
        origin: 'captioner',
        warnings: [],
      };
    },
  };
}
