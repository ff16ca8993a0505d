/** `--names …`: who says what to look for in a picture. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { InvSegError } from '../../errors.js';
import type { MissingRule, NameSourceKind, NameSourceOptions } from '../../names/index.js';
import { missingRules, nameSourceKinds, vocabularyNames } from '../../names/index.js';

export interface NamesFlags {
  names?: NameSourceKind;
  categories?: string;
  vocabulary?: string;
  captions?: string;
  precomputed?: string;
  onMissingNames?: MissingRule;
  clip?: string;
  blip?: string;
}

/** `--categories`; of several all names count, in their order. */
export const categoriesOption = (help: string): Option =>
  new Option('-c, --categories <names>', help).argParser<string | undefined>((names, before) =>
    before === undefined ? names : `${before},${names}`,
  );

/** A picture alone has no ground truth. */
export const pictureSources = nameSourceKinds.filter((kind) => kind !== 'ground-truth');

/** @param kinds that the command has @param standard what happens without the flag */
export function addNamesFlags(command: Command, kinds: readonly NameSourceKind[], standard: string): Command {
  return command
    .addOption(new Option('--names <source>', `source of the names (default: ${standard})`).choices(kinds))
    .option('--vocabulary <name>', `${vocabularyNames.join(', ')} or a JSON file`)
    .option('--captions <file>', 'for captions: JSON {"<image>": "caption"}, or COCO captions')
    .option('--precomputed <file>', "for precomputed: the names of each image, in DiffSegmenter's format")
    .option(
      '--clip <folder>',
      'CLIP ViT-L/14 in transformers layout: for diffsegmenter, and images whose captions name nothing',
    )
    .option('--blip <folder>', 'for diffsegmenter: BLIP-large (captioning) in transformers layout');
}

/** For commands that count images. */
export function addMissingNamesFlag(command: Command): Command {
  const option = new Option(
    '--on-missing-names <rule>',
    'images missing from the file of captions or names: leave out and count, name nothing, or fail (default: skip)',
  );
  return command.addOption(option.choices([...missingRules]));
}

/** What of the rule is the run's to do; `empty` is the source's. */
export const runRule = (rule: MissingRule | undefined): 'skip' | 'throw' => (rule === 'throw' ? 'throw' : 'skip');

/** What of it is the source's. */
const sourceRule = (rule: MissingRule | undefined): 'empty' | 'throw' => (rule === 'empty' ? 'empty' : 'throw');

/** Which source the flags mean: names that are given, else a vocabulary to find them in. */
export function sourceOf({ names, categories, vocabulary }: NamesFlags): NameSourceKind {
  return names ?? (categories === undefined && vocabulary !== undefined ? 'diffsegmenter' : 'given');
}

/** The flags as the API has them. @throws {InvSegError} `INVALID_OPTION` for flags that do not fit together */
export function nameOptions(kind: NameSourceKind, flags: NamesFlags): NameSourceOptions {
  checkFlags(kind, flags);
  const { categories, vocabulary, captions, precomputed, clip, blip, onMissingNames } = flags;
  return { categories, vocabulary, captions, precomputed, clip, blip, missing: sourceRule(onMissingNames) };
}

/** Flags that a source reads; any other one is a misunderstanding. */
const reads: Readonly<Record<NameSourceKind, readonly (keyof NamesFlags)[]>> = {
  given: ['categories'],
  'ground-truth': [],
  captions: ['vocabulary', 'captions', 'onMissingNames', 'clip'],
  precomputed: ['vocabulary', 'precomputed', 'onMissingNames'],
  diffsegmenter: ['vocabulary', 'clip', 'blip'],
};

const names = ['categories', 'vocabulary', 'captions', 'precomputed', 'onMissingNames', 'clip', 'blip'] as const;

/** @throws {InvSegError} `INVALID_OPTION` for a flag that the source does not read */
export function checkFlags(kind: NameSourceKind, flags: NamesFlags): void {
  for (const flag of names) {
    if (flags[flag] === undefined || reads[kind].includes(flag)) continue;
    if (flag === 'categories')
      throw conflict(`--names ${kind} finds the names itself`, 'leave --categories out, or use --names given');
    const others = nameSourceKinds.filter((other) => reads[other].includes(flag));
    const typed = flag === 'onMissingNames' ? 'on-missing-names' : flag;
    const then = `name it with --names (${others.join(', ')})`;
    throw conflict(`--${typed} belongs to another source of names than ${kind}`, then);
  }
}

const conflict = (what: string, then: string): InvSegError => new InvSegError('INVALID_OPTION', `${what}; ${then}`);
