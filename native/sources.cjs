/** A part of sources.txt for binding.gyp: `node sources.cjs addon core` prints the files of both, one a line. */
const { readFileSync } = require('node:fs');

const parts = process.argv.slice(2);
const listed = readFileSync(`${__dirname}/sources.txt`, 'utf8').split('\n').filter(Boolean);
console.log(listed.filter((file) => parts.some((part) => file.startsWith(`${part}/`))).join('\n'));
