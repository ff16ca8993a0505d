/** The addon's sources for binding.gyp, by the rule of CMakeLists.txt: every .cc of addon/ and, at any depth, of core/. */
const { readdirSync } = require('node:fs');

const sources = ['addon', 'core'].flatMap((folder) =>
  readdirSync(`${__dirname}/${folder}`, { recursive: true })
    .filter((file) => file.endsWith('.cc'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
);
console.log(sources.sort().join('\n'));
