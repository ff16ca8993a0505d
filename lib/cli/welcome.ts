/** `invseg` without a command: what to try first. */
import { findBuilt } from '../doctor/index.js';
import { packageVersion } from '../version.js';

export function welcome(env: NodeJS.ProcessEnv = process.env): string {
  const { missing } = findBuilt(env);
  const setup =
    missing.length > 0
      ? ['  npx invseg setup     once: gets LibTorch (CPU: 192 MB); --dry-run says what it would do']
      : [];
  return [
    `invseg ${packageVersion()}: names in, masks out. Try first:`,
    '',
    ...setup,
    '  npx invseg doctor    whether everything is there, and what to do where it is not',
    '  npx invseg demo      masks of the bundled images, to see that it works',
    '  npx invseg segment drawing.png --categories "cat,bus" --method baseline',
    '                       masks of an image in seconds, with the small model in the package, which knows drawings',
    '  npx invseg segment photo.jpg --categories "cat,sofa" --model <folder>',
    '                       the same for photographs, with Stable Diffusion 2.1 in diffusers layout',
    '  npx invseg explain drawing.png --categories "cat,bus"',
    '                       one page that shows what happened',
    '',
    '`npx invseg --help` lists the commands, `npx invseg <command> --help` the flags of one.',
    '',
  ].join('\n');
}
