/** Flags that offer sources of names to the rows of the tables. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { vocabularyNames } from '../../names/index.js';
import type { ReproduceNames } from '../../reproduce/index.js';
import { gridSources } from '../../reproduce/index.js';
import { addMissingNamesFlag } from './names.js';

export type ReproduceNamesFlags = ReproduceNames;

export function addReproduceNamesFlags(command: Command): Command {
  return addMissingNamesFlag(command)
    .addOption(
      new Option(
        '--names <source>',
        'who names the classes where a row does not say (default: precomputed where that is given, else diffsegmenter)',
      ).choices([...gridSources]),
    )
    .option('--clip <folder>', 'CLIP ViT-L/14 in transformers layout, for diffsegmenter')
    .option(
      '--blip <folder>',
      'BLIP-large (captioning) in transformers layout, for diffsegmenter and the captions of BLIP',
    )
    .option('--precomputed <file>', "DiffSegmenter's lists of names, in the place of --clip and --blip")
    .option('--captions-blip <file>', 'Table 4: captions of BLIP (default: written by --blip)')
    .option('--captions-llava <file>', 'Table 4: captions of LLaVA')
    .option(
      '--captions-coco <file>',
      "Table 4: the data set's own captions (default: those beside it, where there are some)",
    )
    .option('--captions <file>', 'for --names captions and the grid (default: as --captions-coco)')
    .option(
      '--vocabulary <name>',
      `names that may be found: ${vocabularyNames.join(', ')}, or a JSON file (default: the data set's)`,
    );
}
