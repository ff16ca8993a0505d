export type { AlbumFile } from './album.js';
export { Album, fileStem } from './album.js';
export { lineChart } from './chart.js';
export { framed } from './frame.js';
export { Html, html } from './html.js';
export { nameList, scale, section, shownName, swatch } from './pieces.js';
export { style } from './style.js';
