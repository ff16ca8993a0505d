/** `invseg` without a command: what to try first. */
import { findBuilt } from '../doctor/index.js';
import { packageVersion } from '../version.js';

export function welcome(env: NodeJS.ProcessEnv = process.env): string {
  const { why } = findBuilt(env);
  const setup =
    why !== undefined
      ? ['  npx invseg setup     once: downloads LibTorch (CPU: 192 MB); --dry-run shows what it would do']
      : [];
  return [
    `invseg ${packageVersion()}: names in, masks out. Try first:`,
    '',
    ...setup,
    '  npx invseg doctor    checks the installation, and says how to fix it',
    '  npx invseg demo      segments the bundled images, to see that it works',
    '  npx invseg segment drawing.png --categories "cat,bus" --method baseline',
    '                       segments an image in seconds, with the bundled model, which knows drawings',
    '  npx invseg segment photo.jpg --categories "cat,sofa" --model <folder>',
    '                       the same for photos, with Stable Diffusion 2.1 in diffusers layout',
    '  npx invseg explain drawing.png --categories "cat,bus"',
    '                       writes a page that shows what happened',
    '',
    '`npx invseg --help` lists the commands, `npx invseg <command> --help` its flags.',
    '',
  ].join('\n');
}
