/** Flags that several commands have, from the tables of options. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { engineRows, methodNames, methodRows, outputRows, presets } from '../../options/index.js';
import { optionsHelp } from './help.js';

/** The engine's: model, device, … @param leave those that the command has its own of */
export function addEngineFlags(command: Command, leave: readonly string[] = []): Command {
  for (const { key, flag, help } of engineRows())
    if (flag !== undefined && !leave.includes(key)) command.option(flag, help);
  return command;
}

export type MethodFlagName = 'method' | 'steps' | 'seed' | 'preset' | 'set';

/**
 * The method's. `--help-all` lists what `--set` takes.
 *
 * @param names that the command has @param meaning where it means something else there
 */
export function addMethodFlags(
  command: Command,
  names: readonly MethodFlagName[],
  meaning: Partial<Record<MethodFlagName, string>> = {},
): Command {
  const rows = new Map(methodRows().map((row) => [row.key, row]));
  for (const name of names) {
    if (name === 'set') {
      const help = meaning.set ?? 'any option of the method (list: --help-all); repeatable';
      const set = new Option('--set <key=value>', help)
        .argParser((value: string, before: string[]) => [...before, value])
        .default([]);
      command.addOption(set);
    } else if (name === 'preset') {
      command.option('--preset <name>', meaning.preset ?? `named settings: ${Object.keys(presets).join(', ')}`);
    } else {
      const { flag, help, default: value } = rows.get(name)!;
      const own = name === 'method' ? methodNames.join(', ') : help;
      command.option(flag!, `${meaning[name] ?? own} (default: ${value})`);
    }
  }
  return command;
}

/** What a result brings beside the masks. */
export function addOutputFlags(command: Command): Command {
  for (const { flag, help } of outputRows()) if (flag !== undefined) command.option(flag, help);
  return command;
}

/** Flags that few calls need: `--help` fits on a screen without them, `--help-all` has them. */
const RARE: ReadonlySet<string> = new Set([
  ...['dtype', 'threads', 'trustCode', 'copyWeights', 'compareLoss'],
  ...['masks', 'indexOrder', 'background', 'route', 'crowd', 'overlap', 'links', 'onProblem'],
  ...['captions', 'precomputed', 'clip', 'blip', 'onMissingNames'],
  ...['captionsBlip', 'captionsLlava', 'captionsCoco'],
  ...['queueName', 'prefetch', 'absent', 'resume', 'debug'],
]);

/**
 * Examples after the flags. `--help-all` adds the rare flags and what `--set` takes. Comes after the command's other flags.
 *
 * @param usual flags that this command shows although they are rare elsewhere
 */
export function addHelp(command: Command, examples: string, usual: readonly string[] = []): Command {
  let all = false;
  const takesSettings = command.options.some(({ long }) => long === '--set');
  command.option('--debug', 'print stack traces of errors');
  const rare = command.options.filter((option) => {
    const name = option.attributeName();
    return RARE.has(name) && !usual.includes(name);
  });
  for (const option of rare) option.hideHelp();
  return command
    .option('--help-all', `show all flags${takesSettings ? ' and every option of --set' : ''}`)
    .on('option:help-all', () => {
      all = true;
      for (const option of rare) option.hideHelp(false);
      command.help();
    })
    .addHelpText('after', () => `${all && takesSettings ? `${optionsHelp()}\n` : ''}${examples}`);
}
