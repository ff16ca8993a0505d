/** The commands, their flags and their help. */
import { Command, CommanderError, Option } from 'commander';
import { paletteNames } from '../draw/index.js';
import { methods } from '../methods/index.js';
import { presets } from '../options/index.js';
import { packageVersion } from '../version.js';
import { addBenchCommand } from './bench.js';
import { addCompareCommand } from './compare.js';
import { addDatasetCommand } from './dataset.js';
import { addDiagnoseCommand } from './diagnose.js';
import type { DoctorFlags } from './doctor.js';
import { doctorCommand } from './doctor.js';
import { addEvaluateCommand } from './evaluate.js';
import { addMergeCommand } from './evaluate-merge.js';
import { addExplainCommand } from './explain-flags.js';
import { describeError, EXIT, exitCode } from './failure.js';
import type { SegmentFlags } from './flags.js';
import { labelOrders } from './flags.js';
import { optionsHelp } from './help.js';
import type { InfoFlags } from './info.js';
import { infoCommand } from './info.js';
import type { Io } from './io.js';
import type { NamesFlags } from './names.js';
import { addNamesFlags, pictureSources } from './names.js';
import { addReproduceCommand } from './reproduce-flags.js';
import { segmentCommand } from './segment.js';
import type { SetupFlags } from './setup.js';
import { setupCommand } from './setup.js';
import { printableIo } from './terminal.js';
import { welcome } from './welcome.js';
import { addWorkerCommand } from './worker.js';

const examples = `
Examples:
  $ invseg segment cat.jpg --categories "cat,potted plant"
  $ invseg segment photos/ 'more/*.png' --categories "dog,person" --out masks --json
  $ invseg segment cat.jpg --categories cat --model ~/models/stable-diffusion-2-1-base --device cuda
  $ invseg segment cat.jpg --categories cat --method baseline
  $ invseg segment cat.jpg --method diffseg
  $ invseg segment photos/ --vocabulary voc
  $ invseg segment photos/ --names captions --captions captions.json --vocabulary voc
  $ invseg segment cat.jpg --categories cat --set crop.min=0.8 --set alpha=0.1

Exit codes: 0 all done, 1 some picture (or the set-up) failed, 2 wrong usage, 130 interrupted.`;

/** @param argv arguments after `node main.js` @returns exit code; never throws */
export async function runCli(argv: readonly string[], given: Io): Promise<number> {
  const io = printableIo(given);
  if (argv.length === 0) {
    // Still wrong usage: a script that lost its command must notice.
    io.err(welcome());
    return EXIT.usage;
  }
  const debug = argv.includes('--debug');
  let code: number = EXIT.ok;
  const program = makeProgram(io, debug, (value) => (code = value));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Help and version end as errors of exit code 0; commander has already written what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    io.err(describeError(error, debug));
    return exitCode(error);
  }
}

function makeProgram(io: Io, debug: boolean, done: (code: number) => void): Command {
  const program = new Command('invseg')
    .description('Open-vocabulary segmentation of pictures: names in, masks out.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--debug', 'print stacks of errors')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .exitOverride()
    .showHelpAfterError('(--help shows all flags)')
    .addHelpText('after', examples);

  const segment = program
    .command('segment')
    .summary('segment pictures')
    .description('Writes <name>.labels.png (palette), <name>.overlay.png and <name>.json for every picture.')
    .argument('<image...>', 'pictures, folders of pictures, or patterns')
    .option('-c, --categories <names>', 'names to look for, with commas between them; the background is added');
  addNamesFlags(segment, pictureSources, 'given; diffsegmenter with a vocabulary and no categories')
    .option('-m, --model <folder>', 'weights in diffusers layout or a bundle (default: the small model in the package)')
    .option(
      '--trust-code',
      'load a model whose TorchScript is not of this package: a program, which may do what you may',
    )
    .option('--copy-weights', 'copy the weights into memory instead of mapping their files: for network disks')
    .option('--device <device>', 'auto, cpu, cuda or cuda:<index>')
    .option('--dtype <dtype>', 'auto, float32, bfloat16 or float16')
    .option('--threads <count>', 'CPU threads; 0 is automatic')
    .addOption(
      new Option(
        '--method <name>',
        Object.values(methods)
          .map(({ name, summary }) => `${name}: ${summary}`)
          .join('; '),
      ),
    )
    .option('--steps <count>', 'optimisation steps; 0 is the baseline (default: 15)')
    .option('--seed <number>', 'seed of every random draw (default: 0)')
    .option('--preset <name>', `named settings: ${Object.keys(presets).join(', ')}`)
    .addOption(
      new Option('--set <key=value>', 'any option of the method, see below; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option('--palette <name>', 'colours; okabe-ito suits the colour-blind')
        .choices([...paletteNames])
        .default('voc'),
    )
    .addOption(
      new Option(
        '--labels <order>',
        'indices of labels.png: the names from 0 on and the background last, or 0 the background, as VOC has it',
      )
        .choices([...labelOrders])
        .default('background-last'),
    )
    .option('-o, --out <folder>', 'where results go', 'invseg-output')
    .option('--json', 'one line of JSON a picture on standard output')
    .option('--save-maps', 'also write <name>.maps.npy, float32 [categories, side, side]')
    .option('--debug', 'print stacks of errors')
    .addHelpText('after', () => `${optionsHelp()}\n${examples}`)
    .action(async (images: string[], flags: SegmentFlags & NamesFlags) =>
      done(await segmentCommand(images, flags, io, debug)),
    );

  addEvaluateCommand(program, io, done);
  addWorkerCommand(program, io, done);
  addMergeCommand(program, io, done);
  addCompareCommand(program, io, done);
  addReproduceCommand(program, io, done);
  addExplainCommand(program, io, done);
  addDiagnoseCommand(program, io, done);
  addDatasetCommand(program, io, done);
  addBenchCommand(program, io, done);

  program
    .command('setup')
    .summary('find or install LibTorch and build the addon')
    .description(
      'Finds LibTorch (or installs it into the cache with pip) and builds the addon. Does nothing where all is there.',
    )
    .option('--libtorch <folder>', 'a LibTorch to use: the folder with include/ and lib/')
    .option('--rebuild', 'build the addon even if it is there')
    .option('--debug', 'print stacks of errors')
    .action(async (flags: SetupFlags) => done(await setupCommand(flags, io)));

  program
    .command('doctor')
    .summary('whether everything is there, and what to do where it is not')
    .description(
      'Looks at Node, the platform, LibTorch, the addon, devices and models, and segments a bundled picture.',
    )
    .option('-m, --model <folder>', 'a model to look at beside the one in the package')
    .option('--trust-code', 'take a model whose TorchScript is not of this package; none of it is run here')
    .option('--json', 'as JSON')
    .option('--debug', 'print stacks of errors')
    .action(async (flags: DoctorFlags) => done(await doctorCommand(flags, io)));

  program
    .command('info')
    .summary('versions, devices and the model')
    .description('Prints versions, LibTorch, devices, the model and the hash of its weights.')
    .option('-m, --model <folder>', 'the model to describe')
    .option(
      '--trust-code',
      'load a model whose TorchScript is not of this package: a program, which may do what you may',
    )
    .option('--json', 'as JSON')
    .option('--debug', 'print stacks of errors')
    .action(async (flags: InfoFlags) => done(await infoCommand(flags, io, debug)));
  return program;
}

const collect = (value: string, before: string[]): string[] => [...before, value];
