/** The commands, their flags and their help. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../version.js';
import { addBenchCommand } from './bench.js';
import { addCompareCommand } from './compare.js';
import { addDatasetCommand } from './dataset.js';
import { addDemoCommand } from './demo.js';
import { addDiagnoseCommand } from './diagnose.js';
import type { DoctorFlags } from './doctor.js';
import { doctorCommand } from './doctor.js';
import { addEvaluateCommand } from './evaluate.js';
import { addExplainCommand } from './explain.js';
import { helpStyle } from './flags/help.js';
import type { InfoFlags } from './info.js';
import { infoCommand } from './info.js';
import { addMergeCommand } from './merge.js';
import { addReproduceCommand } from './reproduce.js';
import { addSegmentCommand, segmentExamples } from './segment.js';
import type { SetupFlags } from './setup.js';
import { setupCommand } from './setup.js';
import { describeError, EXIT, exitCode } from './terminal/failure.js';
import type { Io } from './terminal/io.js';
import { printableIo } from './terminal/printable.js';
import { welcome } from './welcome.js';
import { addWorkerCommand } from './worker.js';

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
    .description('Open-vocabulary image segmentation: names in, masks out.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--debug', 'print stack traces of errors')
    .configureHelp(helpStyle)
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .exitOverride()
    .showHelpAfterError('(--help shows all flags)')
    .addHelpText('after', segmentExamples);

  addSegmentCommand(program, io, done, debug);
  addEvaluateCommand(program, io, done);
  addWorkerCommand(program, io, done);
  addMergeCommand(program, io, done);
  addCompareCommand(program, io, done);
  addReproduceCommand(program, io, done);
  addExplainCommand(program, io, done);
  addDiagnoseCommand(program, io, done);
  addDatasetCommand(program, io, done);
  addBenchCommand(program, io, done);
  addDemoCommand(program, io, done);

  program
    .command('setup')
    .summary('install LibTorch, and build the addon if none fits')
    .description(
      "Finds LibTorch or downloads it into the cache, following this machine's pip and proxy settings, and builds the addon if the " +
        'package has none that fits. Does nothing if everything is there.',
    )
    .option('--cpu', 'LibTorch for the CPU')
    .option('--cuda', "LibTorch for CUDA (default: if NVIDIA's driver is there)")
    .option(
      '--wheel <file-or-url>',
      'take LibTorch from this torch wheel; needs no Python, and no network if it is a file',
    )
    .option('--dry-run', 'show what would be downloaded, from where, its size and destination; write nothing')
    .option('--pip', 'install torch with pip into a Python environment')
    .option('--libtorch <folder>', 'use this LibTorch: the folder with include/ and lib/')
    .option('--rebuild', 'build the addon even if there is one')
    .option('--debug', 'print stack traces of errors')
    .action(async (flags: SetupFlags) => done(await setupCommand(flags, io)));

  program
    .command('doctor')
    .summary('check the installation, and say how to fix it')
    .description('Checks Node, the platform, LibTorch, the addon, devices and models, and segments a bundled image.')
    .option('-m, --model <folder>', 'a model to check besides the bundled one')
    .option('--trust-code', 'accept a model with TorchScript from outside this package; none of it is run here')
    .option('--json', 'print JSON')
    .option('--debug', 'print stack traces of errors')
    .action(async (flags: DoctorFlags) => done(await doctorCommand(flags, io)));

  program
    .command('info')
    .summary('show versions, devices and the model')
    .description('Prints versions, LibTorch, devices, the model and the hash of its weights.')
    .option('-m, --model <folder>', 'the model to describe')
    .option('--trust-code', 'load TorchScript from outside this package; it is a program and runs with your rights')
    .option('--json', 'print JSON')
    .option('--debug', 'print stack traces of errors')
    .action(async (flags: InfoFlags) => done(await infoCommand(flags, io, debug)));
  return program;
}
