/** Flags that choose a data set, the same for every command that reads one. */
import type { Command } from 'commander';
import { oneOf } from '../../checks/index.js';
import type { DatasetOptions } from '../../datasets/index.js';
import { checkKind, datasetDefinitions, datasetKinds, MINIATURE, miniatureRoot } from '../../datasets/index.js';
import { InvSegError } from '../../errors.js';

/** For the help of `--dataset` and `--kind`. */
export const datasetHelp = `${datasetKinds.join(', ')}; or ${MINIATURE} (300 bundled images)`;

const anyKind = oneOf(...datasetKinds, MINIATURE);

/** Option of the API → flag; `onProblem` is the commands' own. */
const flags = {
  split: '--split <name>',
  masks: '--masks <folder>',
  indexOrder: '--index-order <order>',
  background: '--background <rule>',
  route: '--route <name>',
  crowd: '--crowd <rule>',
  overlap: '--overlap <rule>',
  links: '--links <rule>',
} as const satisfies Partial<Record<keyof DatasetOptions, string>>;

/** As commander names what was given. */
export const datasetFlagNames = ['root', ...(Object.keys(flags) as (keyof typeof flags)[])] as const;

/** Flags as commander gives them; the rules and messages are the API's. */
export type DatasetFlags = { [K in keyof typeof flags]?: string } & { root?: string };

/** Adds `--root` and the flags of all kinds; the kind is the command's own (`--kind`, `--dataset`). */
export function addDatasetFlags(command: Command): Command {
  command.option('--root <folder>', datasetDefinitions.root.help);
  for (const [key, flag] of Object.entries(flags)) {
    const { help, kinds } = datasetDefinitions[key as keyof typeof flags];
    command.option(flag, kinds ? `${kinds.join(', ')}: ${help}` : help);
  }
  return command;
}

/**
 * Kind and values by the API's rules, but under the names of the flags; whether they go together `openDataset` says.
 *
 * @param flag that names the kind
 * @throws {InvSegError} `INVALID_OPTION`, also for a root of `miniature`
 */
export function datasetOptions(
  kind: string | undefined,
  given: DatasetFlags,
  flag: '--dataset' | '--kind' = '--dataset',
): DatasetOptions {
  const { root } = given;
  if (kind === undefined)
    throw new InvSegError('INVALID_OPTION', `Expected ${anyKind.expects} for ${flag}, which is missing`);
  anyKind.read(kind, flag);
  if (kind !== MINIATURE && root === undefined) {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected ${datasetDefinitions.root.rule.expects} for --root, which is missing: where the data set ${kind} is`,
    );
  }
  for (const [key, spelt] of Object.entries(flags)) {
    const value = given[key as keyof typeof flags];
    if (value !== undefined) datasetDefinitions[key as keyof typeof flags].rule.read(value, spelt.split(' ')[0]!);
  }
  if (kind === MINIATURE) {
    if (root !== undefined)
      throw new InvSegError(
        'INVALID_OPTION',
        `${flag} ${MINIATURE} has its own root; leave --root out, or name another kind`,
      );
    for (const key of Object.keys(flags) as (keyof typeof flags)[]) if (given[key] !== undefined) checkKind(key, kind);
    return datasetOptions('folder', { ...given, root: miniatureRoot }, flag);
  }
  const chosen = Object.keys(flags).map((key) => [key, given[key as keyof typeof flags]] as const);
  return { kind, root, ...Object.fromEntries(chosen.filter(([, value]) => value !== undefined)) } as DatasetOptions;
}
