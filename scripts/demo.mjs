/**
 * The bundled pictures, segmented by the baseline and by InvSeg with the model in the package: `npm run demo`.
 *
 *     node scripts/demo.mjs [--steps 15] [--seed 0] [--out demo-output] [--docs]
 *
 * For each picture it writes <name>.baseline.labels.png and <name>.invseg.labels.png (palette), <name>.overlay.png (InvSeg with a
 * legend) and <name>.panel.png (input, baseline, InvSeg). `--docs` renews the picture of the README.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const pictures = path.join(root, 'models', 'miniature', 'pictures');
const { values: flags } = parseArgs({
  options: {
    steps: { type: 'string', default: '15' },
    seed: { type: 'string', default: '0' },
    out: { type: 'string', default: 'demo-output' },
    docs: { type: 'boolean', default: false },
  },
});

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
try {
  if (!existsSync(path.join(root, 'dist', 'index.js'))) compile();
  const { runSetup } = await import('../dist/setup/index.js');
  const setup = await runSetup({ log: (line) => console.log(line) });
  console.log(`set-up: ${seconds(setup.seconds * 1000)}`);
  await demo();
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

async function demo() {
  const { Segmenter } = await import('../dist/index.js');
  const out = path.resolve(flags.out);
  await mkdir(out, { recursive: true });
  const list = JSON.parse(await readFile(path.join(pictures, 'pictures.json'), 'utf8'));
  const options = { steps: Number(flags.steps), seed: Number(flags.seed) };

  const loading = performance.now();
  const segmenter = await Segmenter.open();
  const { model, device, deviceName, dtype } = segmenter.info;
  console.log(
    `model: ${model.name} ${model.version} on ${device} (${deviceName}, ${dtype}), loaded in ${seconds(performance.now() - loading)}`,
  );
  const panels = [];
  try {
    for (const [file, { categories }] of Object.entries(list))
      panels.push(await show(segmenter, file, categories, out, options));
  } finally {
    await segmenter.dispose();
  }
  console.log(`\n${panels.length} pictures in ${seconds(performance.now() - loading)}; results in ${out}`);
  if (flags.docs) await renewReadmePicture(panels);
}

/** One picture by both methods; returns the panel. */
async function show(segmenter, file, categories, out, options) {
  const { categoryPalette, decodeImage, drawOverlay, drawPanel, encodeLabels } = await import('../dist/index.js');
  const image = await decodeImage(path.join(pictures, file));
  const raw = { data: image.rgb, width: image.width, height: image.height, channels: 3 };
  const baseline = await segmenter.segment(raw, { ...options, categories, method: 'baseline' });
  // Every step sees other crops and another timestep; only the same views can tell whether the loss fell.
  const invseg = await segmenter.segment(raw, { ...options, categories, compareLoss: true });

  const names = invseg.categories;
  const palette = categoryPalette(names.length);
  const columns = [
    { title: 'baseline', labels: baseline.labels },
    { title: `InvSeg, ${options.steps} steps`, labels: invseg.labels },
  ];
  const panel = await drawPanel({ image, columns, categories: names });
  const stem = path.join(out, path.parse(file).name);
  await Promise.all([
    writeFile(`${stem}.baseline.labels.png`, encodeLabels(baseline.labels, image.width, image.height, palette)),
    writeFile(`${stem}.invseg.labels.png`, encodeLabels(invseg.labels, image.width, image.height, palette)),
    writeFile(`${stem}.overlay.png`, await drawOverlay({ image, labels: invseg.labels, categories: names })),
    writeFile(`${stem}.panel.png`, panel),
  ]);

  const { before, after } = invseg.comparison ?? {};
  const loss = before === undefined ? 'no steps' : `loss ${before.toFixed(3)} → ${after.toFixed(3)}`;
  const status = invseg.status === 'completed' ? '' : `, ${invseg.status}`;
  console.log(
    `\n${file}: baseline ${seconds(baseline.timings.total)}, InvSeg ${seconds(invseg.timings.total)}, ${loss}${status}`,
  );
  const wide = Math.max(...names.map((name) => name.length));
  names.forEach((name, i) => {
    const share = ({ segments }) => `${(segments[i].share * 100).toFixed(1)} %`.padStart(8);
    console.log(`  ${name.padEnd(wide)}  baseline ${share(baseline)}   InvSeg ${share(invseg)}`);
  });
  return panel;
}

/** The first three panels below each other. */
async function renewReadmePicture(panels) {
  const parts = await Promise.all(
    panels.slice(0, 3).map(async (input) => ({ input, ...(await sharp(input).metadata()) })),
  );
  const width = Math.max(...parts.map((part) => part.width));
  let top = 0;
  const placed = parts.map(({ input, height }) => ({ input, left: 0, top: (top += height) - height }));
  const file = path.join(root, 'docs', 'demo-panel.png');
  await mkdir(path.dirname(file), { recursive: true });
  await sharp({ create: { width, height: top, channels: 3, background: '#fff' } })
    .composite(placed)
    .png({ palette: true, effort: 10 })
    .toFile(file);
  console.log(`renewed ${file}`);
}
