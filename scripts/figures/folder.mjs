/** A data set of the kind `folder` as a list: what `miniature.heldout` writes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decode } from 'fast-png';

/**
 * @param {string} root
 * @param {number} [limit] so many of its pictures, the first ones
 * @returns {{ classes: string[], pictures: { picture: string, mask: string, categories: string[] }[] }} paths below the root;
 * `categories` are the names of the labels in the mask, without the background
 */
export function readFolder(root, limit) {
  const { classes: entries } = JSON.parse(readFileSync(path.join(root, 'classes.json'), 'utf8'));
  const classes = entries.map(({ name }) => name);
  const files = readdirSync(path.join(root, 'images')).sort().slice(0, limit);
  const pictures = files.map((file) => {
    const mask = path.join('masks', `${path.parse(file).name}.png`);
    const labels = [...new Set(decode(readFileSync(path.join(root, mask))).data)].filter(
      (label) => label > 0 && label <= classes.length,
    );
    return {
      picture: path.join('images', file),
      mask,
      categories: labels.sort((a, b) => a - b).map((label) => classes[label - 1]),
    };
  });
  return { classes, pictures };
}
