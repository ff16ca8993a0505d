/**
 * Every option, once. Types (`generated.ts`), checks, defaults, `--set`, `--help`, docs/options.md, the probes of
 * `diagnose` and what the addon is given are made from these tables; `npm run generate` writes the files among them.
 */
import { either, flag, integer, number, oneOf, range, refuse, text } from '../checks/index.js';
import { layerChoice, resolutionWeights } from './attention.js';
import { methodNames } from './method-names.js';
import type { Group, Row, Scope, Table } from './row.js';
import { backgroundWords, caption } from './words.js';

const loop: readonly Scope[] = ['loop'];
/** Values of the loss itself, so also what the loop makes of it. */
const loss: readonly Scope[] = ['loop', 'loss'];
/** Of passes over the whole image: the loss that is probed there, and the prediction. */
const wholeImage: readonly Scope[] = ['loss', 'prediction'];
const prediction: readonly Scope[] = ['prediction'];
const everything: readonly Scope[] = ['loop', 'loss', 'prediction'];
const output: readonly Scope[] = ['output'];
const engine: readonly Scope[] = ['engine'];

/** Keeps the row's own types. */
const row = <T>(definition: Omit<Row<T>, 'default'> & { readonly default: NoInfer<T> }): Row<T> => definition;
const group = <const M extends Table>(definition: Group<M>): Group<M> => definition;

const timestep = integer(0, 999);

/** Options that decide the masks. */
export const methodTable = {
  method: row({
    rule: { ...oneOf(...methodNames), type: 'MethodName' },
    default: 'invseg',
    scopes: everything,
    help: 'how the masks are found; each method has its own defaults',
    flag: '--method <name>',
  }),
  steps: row({
    rule: integer(0, 1000),
    default: 15,
    scopes: loop,
    help: 'optimisation steps; 0 gives the baseline',
    flag: '--steps <count>',
  }),
  seed: row({
    rule: integer(0, 0xffffffff),
    default: 0,
    scopes: everything,
    help: 'seed of crops, timesteps and noise; one seed gives one mask',
    flag: '--seed <number>',
  }),
  latentSample: row({
    rule: flag,
    default: false,
    scopes: everything,
    help: "sample the latent from the encoder's posterior instead of taking its mean",
  }),
  adam: group({
    interface: 'AdamOptions',
    help: "Adam's step on the prompt's embeddings",
    members: {
      learningRate: row({
        rule: number({ above: 0 }),
        default: 0.01,
        scopes: loop,
        help: 'learning rate',
        native: { inversion: 'learningRate' },
      }),
      beta1: row({
        rule: number({ min: 0, below: 1 }),
        default: 0.9,
        scopes: loop,
        help: 'decay rate of the first moment',
        native: { inversion: 'beta1' },
      }),
      beta2: row({
        rule: number({ min: 0, below: 1 }),
        default: 0.999,
        scopes: loop,
        help: 'decay rate of the second moment',
        native: { inversion: 'beta2' },
      }),
      eps: row({
        rule: number({ above: 0 }),
        default: 1e-8,
        scopes: loop,
        help: 'added to the denominator',
        native: { inversion: 'adamEps' },
      }),
    },
  }),
  loss: group({
    interface: 'LossOptions',
    help: 'what the loop minimises (eq. 3 to 8)',
    members: {
      alpha: row({
        rule: number({ min: 0 }),
        default: 1,
        scopes: loss,
        help: 'weight of the entropy loss (α); 0 leaves it out',
        native: { inversion: 'alpha' },
      }),
      clusterWeight: row({
        rule: number({ min: 0 }),
        default: 1,
        scopes: loss,
        help: 'weight of the clustering loss; 0 leaves it out',
        native: { inversion: 'clusterWeight' },
      }),
      anchorScale: row({
        rule: number({ above: 0 }),
        default: 4,
        scopes: loss,
        help: "slope of the anchors' sigmoid (eq. 5)",
        native: { inversion: 'anchorScale' },
      }),
      anchorCentre: row({
        rule: number({ min: 0, max: 1 }),
        default: 0.5,
        scopes: loss,
        help: "centre of the anchors' sigmoid (eq. 5)",
        native: { inversion: 'anchorCentre' },
      }),
      interPairs: row({
        rule: oneOf('printed', 'symmetric'),
        default: 'printed',
        scopes: loss,
        help: 'which anchor and map form a pair in eq. 7',
        details:
          '`printed`: the anchor of the later category and the map of the earlier. `symmetric`: the mean of both orders.',
        native: { inversion: 'interPairs' },
      }),
      gradient: row({
        rule: oneOf('exact', 'distance-constant', 'self-constant', 'keys-only'),
        default: 'exact',
        scopes: loop,
        help: 'paths that the gradient follows',
        details: '`exact` follows every path; the others cut some.',
        native: { inversion: 'gradient' },
      }),
      entropy: group({
        interface: 'EntropyOptions',
        help: 'how the entropy is computed from the maps of the views',
        members: {
          normalise: row({
            rule: oneOf('none', 'l1', 'softmax'),
            default: 'none',
            scopes: loss,
            help: 'normalisation over the categories before the entropy: none, to sum 1, or softmax',
            native: { inversion: 'entropy.normalise' },
          }),
          reduce: row({
            rule: oneOf('mean', 'sum'),
            default: 'mean',
            scopes: loss,
            help: 'mean or sum over the points',
            native: { inversion: 'entropy.reduce' },
          }),
          region: row({
            rule: oneOf('covered', 'overlap'),
            default: 'covered',
            scopes: loop,
            help: 'points covered by any view, or only those covered by every view',
            native: { inversion: 'entropy.region' },
          }),
        },
      }),
    },
  }),
  views: group({
    interface: 'ViewOptions',
    help: 'the crops used by the loop',
    members: {
      fresh: row({
        rule: oneOf('perStep', 'perImage'),
        default: 'perStep',
        scopes: loop,
        help: 'new crops in every step, or one set for the whole image (fewer encoder passes)',
      }),
      count: row({ rule: integer(1, 16), default: 2, scopes: loop, help: 'crops per step' }),
      timesteps: row({
        rule: range(timestep),
        default: [5, 300],
        scopes: loop,
        help: 'range of timesteps in the loop, both ends included',
        details: 'Each step draws one timestep for all its views.',
      }),
      crop: group({
        interface: 'CropOptions',
        help: 'how a crop is drawn',
        members: {
          rule: row({
            rule: oneOf('side', 'area'),
            default: 'side',
            scopes: loop,
            help: 'whether the crop size is a share of the side, or of the area as in torchvision',
            details:
              "`side`: a square whose side is a uniform share of the image's, in [`min`, `max`]. `area`: `RandomResizedCrop`, a " +
              'uniform share of the area and a log-uniform aspect in `ratio`.',
          }),
          min: row({ rule: number({ above: 0, max: 1 }), default: 0.6, scopes: loop, help: 'smallest share' }),
          max: row({ rule: number({ above: 0, max: 1 }), default: 1, scopes: loop, help: 'largest share' }),
          ratio: row({
            rule: range(number({ above: 0, max: 100 })),
            default: [3 / 4, 4 / 3],
            scopes: loop,
            help: 'range of aspect ratios (width / height) for the rule "area"',
          }),
        },
        check({ min, max }, name) {
          if ((min as number) > (max as number)) refuse(`${name}.min`, `a number of at most ${name}.max (${max})`, min);
        },
      }),
    },
  }),
  attention: group({
    interface: 'AttentionOptions',
    help: 'which attention maps are read, and how they are combined into one map per category',
    members: {
      training: row({
        rule: resolutionWeights,
        default: 'bundle',
        scopes: loss,
        help: 'resolutions of the attention in the loop; bundle: those of the model',
      }),
      inferenceCross: row({
        rule: resolutionWeights,
        default: 'bundle',
        scopes: prediction,
        help: 'resolutions of the cross-attention in the prediction',
      }),
      inferenceSelf: row({
        rule: resolutionWeights,
        default: 'bundle',
        scopes: prediction,
        help: 'resolutions of the self-attention in the prediction',
      }),
      frame: row({
        rule: either(oneOf('native', 'latent'), integer(2, 256)),
        default: 'native',
        scopes: loss,
        help: 'side length of the maps in refinement and losses; native: the finest training resolution',
      }),
      subtokens: row({
        rule: oneOf('mean', 'last', 'max'),
        default: 'mean',
        scopes: everything,
        help: 'how the maps of the sub-tokens of a name are combined',
        native: { inversion: 'subtokens' },
      }),
      crossScale: row({
        rule: oneOf('none', 'min-max', 'sum'),
        default: 'none',
        scopes: everything,
        help: 'how the maps of each resolution are scaled before they are summed',
        details: "Each token's map is left as it is, divided by its range, or divided by its sum over the points.",
      }),
      refineIterations: row({
        rule: integer(1, 16),
        default: 1,
        scopes: everything,
        help: 'how often eq. 2 applies the self-attention',
        native: { inversion: 'refineIterations', prediction: 'refineIterations' },
      }),
      refine: group({
        interface: 'RefineOptions',
        help: "iSeg's refinement, which replaces eq. 2 in the prediction",
        members: {
          iterations: row({
            rule: integer(0, 100),
            default: 0,
            scopes: prediction,
            help: 'applications of the self-attention, with each map normalised to sum 1 in between; 0 uses eq. 2',
            native: { prediction: 'refine.iterations' },
          }),
          entropyReduction: row({
            rule: number({ min: 0, max: 10 }),
            default: 0.015,
            scopes: prediction,
            help: 'how strongly weak self-attention is reduced first (λ)',
            details: 'Self-attention below 1/e of the largest value of its key is reduced; small values vanish.',
            native: { prediction: 'refine.entropyReduction' },
          }),
        },
      }),
      layers: group({
        interface: 'LayerOptions',
        help: 'layers and heads that are read; for research',
        members: {
          trainingCross: row({ rule: layerChoice, default: 'all', scopes: loss, help: 'cross-attention in the loop' }),
          trainingSelf: row({ rule: layerChoice, default: 'all', scopes: loss, help: 'self-attention in the loop' }),
          inferenceCross: row({
            rule: layerChoice,
            default: 'all',
            scopes: prediction,
            help: 'cross-attention in the prediction',
          }),
          inferenceSelf: row({
            rule: layerChoice,
            default: 'all',
            scopes: prediction,
            help: 'self-attention in the prediction',
          }),
        },
      }),
    },
  }),
  prompt: group({
    interface: 'PromptOptions',
    help: 'the text around the names',
    members: {
      template: row({
        rule: text(
          'a string of at most 400 characters with {} in it once',
          (value) => value.length <= 400 && value.split('{}').length === 2,
        ),
        default: '{}',
        scopes: everything,
        help: 'the prompt; the names replace {}',
      }),
      separator: row({
        rule: text('a string of at most 32 characters', (value) => value.length <= 32),
        default: ' ',
        scopes: everything,
        help: 'text between two names',
      }),
      wordWeight: row({
        rule: number({ above: 0, max: 100 }),
        default: 1,
        scopes: everything,
        help: 'factor on the text states of every name except the background',
      }),
      caption: row({
        rule: caption,
        default: '',
        scopes: everything,
        help: 'text after each name, one for all or one per name, for methods with one prompt per name',
      }),
      trainable: row({
        rule: oneOf('categories', 'all-but-sos', 'all'),
        default: 'categories',
        scopes: loop,
        help: 'prompt positions that are optimised',
      }),
    },
  }),
  background: group({
    interface: 'BackgroundOptions',
    help: 'everything that none of the names covers',
    members: {
      name: row({
        rule: text('a name of at most 200 characters', (value) => value.trim() !== '' && value.length <= 200),
        default: 'background',
        scopes: everything,
        help: 'name of the background, appended to the categories',
      }),
      rule: row({
        rule: oneOf('word', 'words', 'threshold', 'complement'),
        default: 'word',
        scopes: everything,
        help: 'source of the background map: its own word, the maximum of several words, a threshold, or (1 − max)²',
        details:
          '`word`: its name in the prompt. `words`: the maximum of several. `threshold`: a constant. `complement`: ' +
          '(1 − max)² of the other categories, which is equivalent to a threshold of (3 − √5)/2 ≈ 0.382.',
        native: { labels: 'background' },
      }),
      threshold: row({
        rule: number({ min: 0, max: 1 }),
        default: 0.5,
        scopes: wholeImage,
        help: 'constant for the rule "threshold"',
        native: { labels: 'threshold' },
      }),
      words: row({
        rule: backgroundWords,
        default: 'none',
        scopes: everything,
        help: 'words for the rule "words"; with other rules, context in the prompt',
        details: 'As context they follow the prompt, as many as fit.',
      }),
    },
  }),
  inference: group({
    interface: 'InferenceOptions',
    help: 'the pass over the whole image that produces the masks',
    members: {
      timestep: row({
        rule: timestep,
        default: 50,
        scopes: wholeImage,
        help: 'timestep of the prediction',
        native: { prediction: 'timestep' },
      }),
      noise: row({
        rule: flag,
        default: true,
        scopes: wholeImage,
        help: 'add the noise of the timestep; otherwise the clean latent is used',
      }),
      rescale: row({
        rule: flag,
        default: false,
        scopes: prediction,
        help: 'min-max normalise each map again at the image size',
        native: { labels: 'rescale' },
      }),
      order: row({
        rule: oneOf('resize-first', 'argmax-first'),
        default: 'resize-first',
        scopes: prediction,
        help: 'resize the maps and then take the argmax, or the other way round',
        native: { labels: 'order' },
      }),
    },
  }),
  diffseg: group({
    interface: 'DiffSegOptions',
    help: 'proposals of DiffSeg',
    members: {
      anchors: row({ rule: integer(1, 16), default: 16, scopes: prediction, help: 'anchors per side' }),
      threshold: row({
        rule: number({ above: 0 }),
        default: 1,
        scopes: prediction,
        help: 'largest distance at which maps are merged (τ)',
      }),
      iterations: row({
        rule: integer(1, 10),
        default: 3,
        scopes: prediction,
        help: 'rounds of merging; the first is around the anchors',
      }),
    },
  }),
  iseg: group({
    interface: 'ISegOptions',
    help: 'k-means of iSeg over the cross-attention of each point',
    members: {
      clusters: row({
        rule: integer(1, 64),
        default: 6,
        scopes: prediction,
        help: 'initial clusters per side',
      }),
      iterations: row({ rule: integer(1, 100), default: 20, scopes: prediction, help: 'iterations of k-means' }),
    },
  }),
} satisfies Table;

/** What a result brings beside the masks; none of it changes them. */
export const outputTable = {
  saveMaps: row({
    rule: flag,
    default: false,
    scopes: output,
    help: 'also output the refined maps (segment: a .npy file)',
    flag: '--save-maps',
  }),
  saveStrengths: row({
    rule: flag,
    default: false,
    scopes: output,
    help: 'return the best category of each point and its value, for `labelsAt`',
  }),
  compareLoss: row({
    rule: flag,
    default: false,
    scopes: output,
    help: 'measure the loss of the learnt prompt on the views of the first step, for comparison',
    details: 'Takes as long as one more step.',
    flag: '--compare-loss',
  }),
} satisfies Table;

const device = text('"auto", "cpu", "cuda" or "cuda:<index>"', (value) => /^(auto|cpu|cuda(:\d{1,3})?)$/.test(value));
const folder = text('the path of a folder', (value) => value !== '');

/** Options of `Segmenter.open`. */
export const engineTable = {
  model: row<string | undefined>({
    rule: {
      expects: folder.expects,
      type: 'string | undefined',
      read: (value, name) => (value === undefined ? undefined : folder.read(value, name)),
    },
    default: undefined,
    scopes: engine,
    help: 'model folder: a bundle, or diffusers layout (default: the bundled model)',
    flag: '-m, --model <folder>',
  }),
  device: row({
    rule: device,
    default: 'auto',
    scopes: engine,
    help: 'auto (first CUDA device, else the CPU), cpu, cuda or cuda:<index>',
    flag: '--device <device>',
  }),
  dtype: row({
    rule: oneOf('auto', 'float32', 'bfloat16', 'float16'),
    default: 'auto',
    scopes: engine,
    help: 'auto (float16 on CUDA, float32 on the CPU), float32, bfloat16 or float16',
    flag: '--dtype <dtype>',
  }),
  threads: row({
    rule: integer(0, 1024),
    default: 0,
    scopes: engine,
    help: 'CPU threads of the engine; 0: automatic',
    flag: '--threads <count>',
  }),
  checkFinite: row({
    rule: flag,
    default: true,
    scopes: engine,
    help: 'read every weight once and reject NaN and infinity',
  }),
  trustCode: row({
    rule: flag,
    default: false,
    scopes: engine,
    help: 'load TorchScript from outside this package; it is a program and runs with your rights',
    flag: '--trust-code',
  }),
  copyWeights: row({
    rule: flag,
    default: false,
    scopes: engine,
    help: 'copy the weights into memory instead of mapping their files (network disks, files others write)',
    details: 'Needs as much more memory as the weights take; later changes to the files have no effect.',
    flag: '--copy-weights',
  }),
} satisfies Table;
