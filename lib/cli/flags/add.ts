/** Flags that several commands have, from the tables of options. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { methods } from '../../methods/index.js';
import { engineRows, methodRows, outputRows, presets } from '../../options/index.js';
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
  const summaries = Object.values(methods)
    .map(({ name, summary }) => `${name}: ${summary}`)
    .join('; ');
  for (const name of names) {
    if (name === 'set') {
      const help = meaning.set ?? 'any option of the method, see --help-all; may be repeated';
      const set = new Option('--set <key=value>', help)
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'none');
      command.addOption(set);
    } else if (name === 'preset') {
      command.option('--preset <name>', meaning.preset ?? `named settings: ${Object.keys(presets).join(', ')}`);
    } else {
      const { flag, help, default: value } = rows.get(name)!;
      const standard = name === 'method' ? '' : ` (default: ${value})`;
      command.option(flag!, `${meaning[name] ?? (name === 'method' ? summaries : help)}${standard}`);
    }
  }
  return command;
}

/** What a result brings beside the masks. */
export function addOutputFlags(command: Command): Command {
  for (const { flag, help } of outputRows()) if (flag !== undefined) command.option(flag, help);
  return command;
}

/** Examples behind the flags, and with `--help-all` every option of `--set`. */
export function addHelp(command: Command, examples: string): Command {
  let all = false;
  return command
    .option('--debug', 'print stacks of errors')
    .option('--help-all', 'this help with every option of --set')
    .on('option:help-all', () => {
      all = true;
      command.help();
    })
    .addHelpText('after', () => `${all ? `${optionsHelp()}\n` : ''}${examples}`);
}
