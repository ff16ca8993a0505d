/** The images of the package: 300 with masks, a data set of the kind `folder`. */
import { fileURLToPath } from 'node:url';

export const MINIATURE = 'miniature';

/** The same two steps up from lib/datasets and from dist/datasets. */
export const miniatureRoot = fileURLToPath(new URL('../../models/miniature-pictures', import.meta.url));
