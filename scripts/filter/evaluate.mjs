/**
 * How often the filter names what a picture shows: precision and recall of the program's own sources on held-out pictures.
 *
 *     node scripts/filter/evaluate.mjs [--root .cache/miniature/heldout/photographs-7] [--limit 100] [--json]
 *
 * The root is a data set of the kind `folder`, by default the pictures of the package. `image rule` keeps the names whose
 * cosine with the picture is at least 0.97 of the best one's; `diffsegmenter` adds those that a noun of the captions is close
 * to. Needs the compiled library (dist/), the addon and models/miniature-filter.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataset } from '../../dist/api/datasets.js';
import { createNameSource, VisionLanguage } from '../../dist/index.js';
import { imageSimilarityNames } from '../../dist/names/diffsegmenter.js';
import { embeddedFilter } from '../../dist/vision-language/index.js';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: fileURLToPath(new URL('../../models/miniature-pictures', import.meta.url)) },
    limit: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});

const dataset = await openDataset({ kind: 'folder', root: path.resolve(values.root) });
const { vocabulary } = dataset;
const models = await VisionLanguage.open({ ...embeddedFilter(), device: 'cpu' });
const truth = await createNameSource('ground-truth', dataset);
const rules = {
  'image rule': imageSimilarityNames(models, vocabulary),
  diffsegmenter: await createNameSource('diffsegmenter', { vocabulary, models }),
};
const tallies = Object.fromEntries(
  Object.keys(rules).map((rule) => [rule, { right: 0, kept: 0, exact: 0, seconds: 0 }]),
);
let [pictures, shown] = [0, 0];
for (const id of dataset.ids.slice(0, Number(values.limit))) {
  const item = await dataset.item(id);
  const expected = new Set((await truth.namesFor(item)).names);
  pictures++;
  shown += expected.size;
  for (const [rule, source] of Object.entries(rules)) {
    const began = performance.now();
    const { names } = await source.namesFor(item);
    const right = names.filter((name) => expected.has(name)).length;
    const tally = tallies[rule];
    tally.seconds += (performance.now() - began) / 1000;
    tally.right += right;
    tally.kept += names.length;
    tally.exact += Number(right === names.length && right === expected.size);
  }
}
await models.dispose();
const figures = Object.fromEntries(
  Object.entries(tallies).map(([rule, { right, kept, exact, seconds }]) => [
    rule,
    {
      precision: right / kept,
      recall: right / shown,
      exactSet: exact / pictures,
      namesAPicture: kept / pictures,
      secondsAPicture: seconds / pictures,
    },
  ]),
);
if (values.json) console.log(JSON.stringify({ pictures, shownAPicture: shown / pictures, ...figures }, null, 2));
else {
  console.log(`${pictures} pictures of ${values.root}, ${(shown / pictures).toFixed(2)} classes a picture`);
  for (const [rule, { precision, recall, exactSet, namesAPicture, secondsAPicture }] of Object.entries(figures)) {
    console.log(
      `${rule}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, exact set ${exactSet.toFixed(3)}, ${namesAPicture.toFixed(2)} names and ${secondsAPicture.toFixed(2)} s a picture`,
    );
  }
}
