export type { DecodedImage, DecodeOptions, ImageInput, RawImage } from './decode.js';
export { decodeImage, MAX_PIXELS } from './decode.js';
export { formatOf } from './format.js';
export { listImages } from './list.js';
export { readHeader, readPictureFile } from './source.js';
