/**
 * How often the filter names what a picture shows: precision and recall on held-out pictures.
 *
 *     node scripts/filter/evaluate.mjs --pictures .cache/miniature/heldout/openmoji-7 [--filter models/miniature-filter] [--json]
 *
 * The folder is what miniature.heldout writes: images/, masks/ (0 background, k the k-th name of classes.json). A name is
 * kept by the image rule (cosine of picture and 'A photo of a {name}' at least 0.97 of the best), by the text rule (cosine
 * of its state and a caption's word above 0.8), or by either. Words of captions are those that are no function words.
 * Needs the compiled library (dist/) and the addon.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { VisionLanguage } from '../../dist/index.js';

const IMAGE_SHARE = 0.97;
const TEXT_COSINE = 0.8;
const PREFIXES = ['', 'A picture of'];
const SKIPPED = new Set(['a', 'an', 'the', 'and', 'on', 'in', 'of', 'with', 'under', 'over', 'photo', 'photograph', 'picture', 'drawing', 'background']);

const { values } = parseArgs({
  options: {
    pictures: { type: 'string' },
    filter: { type: 'string', default: 'models/miniature-filter' },
    json: { type: 'boolean', default: false },
  },
});

const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));

const indices = (list, test) => new Set([...list.keys()].filter(test));

/** Single words of captions and pairs of neighbours ('dining table'). */
function wordsOf(captions) {
  const found = new Set();
  for (const caption of captions) {
    const words = caption.split(' ');
    words.forEach((word, i) => {
      if (SKIPPED.has(word)) return;
      found.add(word);
      const next = words[i + 1];
      if (next && !SKIPPED.has(next)) found.add(`${word} ${next}`);
    });
  }
  return [...found];
}

async function shownIn(mask) {
  const { data, info } = await sharp(mask).raw().toBuffer({ resolveWithObject: true });
  const found = new Set();
  for (let i = 0; i < data.length; i += info.channels) if (data[i] > 0) found.add(data[i] - 1);
  return found;
}

const tallies = Object.fromEntries(['image', 'text', 'union'].map((rule) => [rule, { right: 0, kept: 0, shown: 0, exact: 0 }]));
function count(rule, kept, shown) {
  const right = [...kept].filter((name) => shown.has(name)).length;
  const tally = tallies[rule];
  tally.right += right;
  tally.kept += kept.size;
  tally.shown += shown.size;
  tally.exact += Number(right === kept.size && right === shown.size);
}

const models = await VisionLanguage.open({
  clip: path.join(values.filter, 'clip'),
  blip: path.join(values.filter, 'blip'),
  device: 'cpu',
});
const names = JSON.parse(readFileSync(path.join(values.pictures, 'classes.json'), 'utf8'));
const labels = await models.textEmbeddings(names.map((name) => `A photo of a ${name}`));
const states = await models.wordStates(names);
const files = readdirSync(path.join(values.pictures, 'images')).sort();
const start = performance.now();
for (const file of files) {
  const picture = path.join(values.pictures, 'images', file);
  const shown = await shownIn(path.join(values.pictures, 'masks', file));
  const embedding = await models.imageEmbedding(picture);
  const cosines = labels.map((label) => cosine(label, embedding));
  const best = Math.max(...cosines);
  const byImage = indices(names, (i) => cosines[i] >= IMAGE_SHARE * best);
  const words = await models.wordStates(wordsOf(await models.captions(picture, PREFIXES)));
  const byText = indices(names, (i) => words.some((word) => cosine(word, states[i]) > TEXT_COSINE));
  count('image', byImage, shown);
  count('text', byText, shown);
  count('union', new Set([...byImage, ...byText]), shown);
}
await models.dispose();
const seconds = (performance.now() - start) / 1000 / files.length;
const figures = Object.fromEntries(
  Object.entries(tallies).map(([rule, { right, kept, shown, exact }]) => [
    rule,
    { precision: right / kept, recall: right / shown, exact: exact / files.length },
  ]),
);
if (values.json) console.log(JSON.stringify({ pictures: files.length, secondsAPicture: seconds, ...figures }, null, 2));
else {
  console.log(`${files.length} pictures, ${seconds.toFixed(2)} s a picture`);
  for (const [rule, { precision, recall, exact }] of Object.entries(figures)) {
    console.log(`${rule.padEnd(6)} precision ${precision.toFixed(3)}  recall ${recall.toFixed(3)}  exact set ${exact.toFixed(3)}`);
  }
}
