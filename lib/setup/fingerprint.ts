/** What a build depends on. */
export { fingerprint } from '../native/index.js';
