import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { readManifest } from '../../lib/models/manifest-check.js';
import { checkManifest, makeManifest, sd21Manifest, temporaryFolder } from './model-folders.js';

it('a right manifest is read as it is', () => {
  const manifest = makeManifest();
  expect(checkManifest(manifest, 'manifest.json')).toEqual({ ...manifest, expect: {} });
});

it("SD 2.1's manifest is right", async () => {
  const manifest = checkManifest(await sd21Manifest(), 'manifest.json');
  expect(manifest.layers).toHaveLength(16);
  expect(manifest.layers.reduce((sum, layer) => sum + layer.heads, 0)).toBe(5 * 5 + 5 * 10 + 5 * 20 + 20);
  expect(manifest.tokenizer).toEqual({ folder: 'tokenizer', length: 77, bos: 49406, eos: 49407, pad: 0 });
  expect(manifest.defaults).toEqual({
    inference: { cross: { 16: 1 }, self: { 64: 8, 32: 4, 16: 2, 8: 1 } },
    training: { 16: 1 },
    methods: {},
  });
  // A model of the open world knows no list.
  expect(manifest.names).toEqual([]);
});

it('defaults of methods and names are read as they are', () => {
  const manifest = makeManifest();
  manifest['defaults'].methods = {
    diffseg: { diffseg: { threshold: 0.2 } },
    diffsegmenter: { attention: { inferenceCross: 'bundle' }, prompt: { wordWeight: 1 } },
  };
  manifest['names'] = ['cat', ' potted plant '];
  const { defaults, names } = checkManifest(manifest, 'manifest.json');
  expect(defaults.methods).toEqual(manifest['defaults'].methods);
  expect(names).toEqual(['cat', 'potted plant']);
});

it('optional fields have defaults', () => {
  const manifest = makeManifest();
  delete manifest['source'];
  delete manifest['names'];
  delete manifest['defaults'].methods;
  manifest['tokenizer'] = { folder: 'tokenizer', length: 77 };
  manifest['modules'].unet.weights = { files: ['unet/a.safetensors'], index: 'unet/a.index.json' };
  const read = checkManifest(manifest, 'manifest.json');
  expect(read.source).toBe('');
  expect(read.names).toEqual([]);
  expect(read.defaults.methods).toEqual({});
  expect(read.tokenizer).toEqual({ folder: 'tokenizer', length: 77 });
  expect(read.modules.unet.weights).toEqual({
    files: ['unet/a.safetensors'],
    index: ['unet/a.index.json'],
    include: [],
    ignore: [],
    rename: [],
  });
});

describe('wrong fields are named', () => {
  type Change = (manifest: Record<string, any>) => void;
  const cases: [string, Change, string][] = [
    [
      'another format',
      (m) => (m['format'] = 'invseg-bundle/2'),
      'expected "invseg-bundle/1" at format but found "invseg-bundle/2"',
    ],
    ['no format', (m) => delete m['format'], 'at format but found nothing'],
    [
      'no weights',
      (m) => delete m['modules'].unet.weights,
      'expected a path below the folder, or an object with files, at modules.unet.weights but found nothing',
    ],
    [
      'a method that is none',
      (m) => (m['defaults'].methods = { segment: {} }),
      'expected names of methods (invseg, baseline',
    ],
    ['methods as a list', (m) => (m['defaults'].methods = []), 'expected an object at defaults.methods'],
    [
      'options as a number',
      (m) => (m['defaults'].methods = { diffseg: 1 }),
      'expected an object at defaults.methods.diffseg but found 1',
    ],
    [
      "a method's option out of range",
      (m) => (m['defaults'].methods = { diffseg: { diffseg: { threshold: 0 } } }),
      'defaults.methods.diffseg: Expected a number above 0 for diffseg.threshold but received 0',
    ],
    [
      'an option that is none',
      (m) => (m['defaults'].methods = { diffseg: { treshold: 1 } }),
      'defaults.methods.diffseg: ',
    ],
    [
      'a seed',
      (m) => (m['defaults'].methods = { diffseg: { seed: 1 } }),
      'expected no seed, which a call decides, at defaults.methods.diffseg.seed',
    ],
    ['a preset', (m) => (m['defaults'].methods = { iseg: { preset: 'iseg-voc' } }), 'at defaults.methods.iseg.preset'],
    ['an empty name', (m) => (m['names'] = ['cat', ' ']), 'expected a name for names[1] but received white space only'],
    [
      'a name that is a number',
      (m) => (m['names'] = [1]),
      'expected a string for names[0] but received 1 of type number',
    ],
    ['no name', (m) => delete m['name'], 'expected a text at name but found nothing'],
    ['an empty licence', (m) => (m['license'] = ''), 'expected a text at license but found ""'],
    ['no modules', (m) => delete m['modules'], 'expected an object at modules but found nothing'],
    ['a module missing', (m) => delete m['modules'].unet, 'expected an object at modules.unet'],
    [
      'a script that is a number',
      (m) => (m['modules'].unet.script = 1),
      'expected a path below the folder, with / between its parts, at modules.unet.script but found 1',
    ],
    [
      'a script outside',
      (m) => (m['modules'].unet.script = '../unet.pt'),
      'at modules.unet.script but found "../unet.pt"',
    ],
    [
      'an absolute path',
      (m) => (m['modules'].vaeEncoder.weights = '/etc/passwd'),
      'at modules.vaeEncoder.weights but found "/etc/passwd"',
    ],
    ['a drive', (m) => (m['modules'].vaeEncoder.weights = 'C:x'), 'a path below the folder'],
    ['a backslash', (m) => (m['tokenizer'].folder = '..\\x'), 'at tokenizer.folder'],
    [
      'no candidates',
      (m) => (m['modules'].unet.weights = { files: [] }),
      'expected at least one file at modules.unet.weights.files',
    ],
    [
      'candidates that are no list',
      (m) => (m['modules'].unet.weights = { files: 'a' }),
      'expected a list at modules.unet.weights.files',
    ],
    [
      'a rename of one',
      (m) => (m['modules'].unet.weights = { files: ['a'], rename: [['x']] }),
      'expected two texts at modules.unet.weights.rename[0]',
    ],
    [
      'a prompt of 2',
      (m) => (m['tokenizer'].length = 2),
      'expected an integer from 3 to 4096 at tokenizer.length but found 2',
    ],
    ['a fraction of an id', (m) => (m['tokenizer'].pad = 0.5), 'at tokenizer.pad but found 0.5'],
    ['a negative id', (m) => (m['tokenizer'].bos = -1), 'at tokenizer.bos'],
    ['no latent size', (m) => delete m['image'].latentSize, 'at image.latentSize but found nothing'],
    ['a scale of 0', (m) => (m['image'].latentScale = 0), 'expected a number above 0 at image.latentScale but found 0'],
    ['a scale that is a text', (m) => (m['image'].latentScale = '1'), 'at image.latentScale but found "1"'],
    ['an odd time width', (m) => (m['timeWidth'] = 33), 'expected an even number at timeWidth but found 33'],
    ['betas turned round', (m) => (m['schedule'].betaEnd = 1e-9), 'at schedule.betaEnd'],
    ['no layers', (m) => (m['layers'] = []), 'expected at least one layer at layers'],
    [
      'a layer twice',
      (m) => m['layers'].push(m['layers'][0]),
      'expected a name that no other layer has at layers[4].name',
    ],
    ['a level too deep', (m) => (m['layers'][1].level = 6), 'at layers[1].level but found 6'],
    ['no heads', (m) => (m['layers'][2].heads = 0), 'expected an integer from 1 to 256 at layers[2].heads'],
    [
      'sinusoids of gigabytes',
      (m) => ((m['timeWidth'] = 4096), (m['schedule'].steps = 200_000)),
      'expected timeWidth × schedule.steps of at most 16777216 (it is 819200000) at timeWidth',
    ],
    [
      'a prompt of gigabytes',
      (m) => ((m['contextWidth'] = 65_536), (m['tokenizer'].length = 4096)),
      'expected contextWidth × tokenizer.length of at most 16777216 (it is 268435456) at contextWidth',
    ],
    [
      'attention maps of terabytes',
      (m) => (m['image'].latentSize = 1024),
      'expected a level that leaves a latent of 1024 at most 128 points per side at layers[0].level',
    ],
    [
      'more layers than any network',
      (m) => (m['layers'] = Array.from({ length: 600 }, (_, i) => ({ name: `l${i}`, level: 0, heads: 1 }))),
      'expected at most 512 layers at layers',
    ],
    [
      'a default for no layer',
      (m) => (m['defaults'].training = { 64: 1 }),
      'expected resolutions of the layers (32, 16, 8) at defaults.training',
    ],
    [
      'a default that is no number',
      (m) => (m['defaults'].inference.self = { 32: 'x' }),
      'at defaults.inference.self["32"] but found "x"',
    ],
    [
      'defaults of 0',
      (m) => (m['defaults'].inference.cross = { 16: 0 }),
      'a weight above 0 at defaults.inference.cross',
    ],
    [
      'an expectation outside',
      (m) => (m['expect'] = { '../x.json': {} }),
      'a path below the folder, with / between its parts, at expect["../x.json"]',
    ],
    [
      'an expectation that is no object',
      (m) => (m['expect'] = { 'x.json': 1 }),
      'expected an object at expect["x.json"]',
    ],
  ];
  it.each(cases)('%s', (_, change, message) => {
    const manifest = makeManifest();
    change(manifest);
    let error: unknown;
    try {
      checkManifest(manifest, '/models/tiny/manifest.json');
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    const line = (error as InvSegError).message.split('\n')[0]!;
    expect(line).toContain(message);
    expect(line).toContain('/models/tiny/manifest.json: ');
  });
});

describe('files', () => {
  it.each([
    ['no JSON', '{', 'not valid JSON'],
    ['a list', '[]', 'manifest.json:1:1: expected an object but found []'],
    ['null', 'null', 'manifest.json:1:1: expected an object but found null'],
  ])('%s', async (_, text, message) => {
    const file = path.join(await temporaryFolder(), 'manifest.json');
    await writeFile(file, text);
    const error = await readManifest(file).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect((error as Error).message).toContain(`${file}:`);
    expect((error as Error).message).toContain(message);
  });

  it('a missing file, a folder', async () => {
    const folder = await temporaryFolder();
    await expect(readManifest(path.join(folder, 'manifest.json'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(readManifest(folder)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

it('anything in the place of a field gives a manifest or an InvSegError', () => {
  const paths = ['format', 'modules', 'tokenizer', 'image', 'schedule', 'layers', 'defaults', 'expect', 'timeWidth'];
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.anything(), (key, value) => {
      try {
        checkManifest({ ...makeManifest(), [key]: value }, 'manifest.json');
      } catch (error) {
        expect(error).toBeInstanceOf(InvSegError);
      }
    }),
    { numRuns: 500 },
  );
});
