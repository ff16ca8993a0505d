/** One evaluation with the stub, in a process of its own: node scripts/evaluation/stub-run.mjs ROOT OUT DELAY_MS */
import { openDataset } from '../../dist/api/datasets.js';
import { evaluate } from '../../dist/api/evaluation.js';
import { stubSegmenter } from './stub.mjs';

const [root, out, delay] = process.argv.slice(2);
const dataset = await openDataset({ kind: 'folder', root });
process.send?.('ready');
const evaluation = await evaluate({ segmenter: stubSegmenter(Number(delay)), dataset, out });
const { mIoU, perClass, confusion, skipped, losses, worst, best } = evaluation;
process.stdout.write(JSON.stringify({ mIoU, perClass, confusion, skipped, losses, worst, best }));
