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
        'source of names for rows that do not say (default: precomputed if given, else diffsegmenter)',
      ).choices([...gridSources]),
    )
    .option('--clip <folder>', 'CLIP ViT-L/14 in transformers layout')
    .option('--blip <folder>', 'BLIP-large (captioning) in transformers layout')
    .option('--precomputed <file>', "DiffSegmenter's name lists, instead of --clip and --blip")
    .option('--captions-blip <file>', 'table 4: captions of BLIP (default: written by --blip)')
    .option('--captions-llava <file>', 'table 4: captions of LLaVA')
    .option('--captions-coco <file>', "table 4: the data set's own captions (default: those found next to it)")
    .option('--captions <file>', 'for --names captions and the grid (default: as --captions-coco)')
    .option('--vocabulary <name>', `${vocabularyNames.join(', ')} or a JSON file (default: the data set's)`);
}
