/** What happens where a source finds no name: another one is asked, and without one the picture is all background. */
import type { NameSource } from './types.js';

/** @param fallback asked where `source` finds nothing; left out, nothing is left nothing and said so */
export function withFallback(source: NameSource, fallback?: NameSource): NameSource {
  return {
    ...source,
    description: source.description + (fallback ? `; where they name nothing, ${fallback.description}` : ''),
    async namesFor(item) {
      const found = await source.namesFor(item);
      if (found.names.length > 0) return found;
      const origin = (part: string): string => `${found.origin}/${part}`;
      if (!fallback) {
        const warning = `No class is named for ${item.id}: it is all background`;
        return { names: [], origin: origin('nothing'), warnings: [...found.warnings, warning] };
      }
      const second = await fallback.namesFor(item);
      const warning = `No class is named for ${item.id}: ${second.origin} stands in`;
      return {
        names: second.names,
        origin: origin(second.origin),
        warnings: [...found.warnings, warning, ...second.warnings],
      };
    },
  };
}
