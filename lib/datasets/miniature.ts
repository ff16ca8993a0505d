/** The images of the package: 300 with masks, a data set of the kind `folder`. */
import { fileURLToPath } from 'node:url';

export const MINIATURE = 'miniature';

/** Folder of the images in the package: 300 drawings with masks, a data set of the kind `folder`. */
export const miniatureRoot = fileURLToPath(new URL('../../models/miniature-pictures', import.meta.url));
