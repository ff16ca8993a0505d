// Render the sprite pack: every drawing of the 20 classes as a trimmed RGBA picture of at most 128x128.
//
//   node render.mjs NODE_MODULES OUT [SETS]      NODE_MODULES: where package.json's dependencies are installed;
//                                                SETS: only these, by commas (for a quick trial)
//
// writes OUT/sprites.bin (uint8, [count, 128, 128, 4], straight alpha, drawing centred) and OUT/sprites.json:
// one {category, set, name, licence, role, width, height} a drawing, role train | demo | test.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { CLASSES, DEMO_NAMES, POTTABLE, classify } from './classes.mjs';
import * as furniture from './furniture.mjs';
import { Pack } from './pack.mjs';

const [modules, out] = process.argv.slice(2, 4).map((p) => path.resolve(p));
const only = process.argv[4]?.split(',');
const require = createRequire(path.join(modules, 'anchor.js'));
const sharp = require('sharp');
const FLUENT = ['fluent-emoji', 'fluent-emoji-flat', 'fluent-emoji-3d'];
const TRAIN_SETS = ['fluent-emoji', 'fluent-emoji-flat', 'noto', 'noto-v1', 'fxemoji', 'twemoji', 'emojione', 'streamline-emojis'];
const TEST_SETS = ['openmoji', 'emojione-v1'];
const PEOPLE_A_SET = 60; // people are hundreds of icons a set; this many keep the class varied without owning the pack

const pack = new Pack(sharp);

const svgOf = (json, icon) => {
  const w = icon.width ?? json.width ?? 16, h = icon.height ?? json.height ?? 16;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="256" height="${(256 * h) / w}" viewBox="${icon.left ?? 0} ${icon.top ?? 0} ${w} ${h}">${icon.body}</svg>`);
};

const roleOf = (set, base) => (TEST_SETS.includes(set) ? 'test' : FLUENT.includes(set) && DEMO_NAMES.has(base) ? 'demo' : 'train');

/** Every `step`-th of a list, so that a cap keeps the whole range of names. */
const thin = (list, most) => list.filter((_, i) => Math.floor((i * most) / list.length) !== Math.floor(((i - 1) * most) / list.length) || list.length <= most);

async function pot(set, name, svg, seed, licence) {
  const test = TEST_SETS.includes(set);
  const plant = await sharp(svg).trim({ threshold: 8 }).resize(130, 150, { fit: 'inside' }).toBuffer({ resolveWithObject: true });
  const vessel = await sharp(Buffer.from(furniture.pot(seed, test))).png().toBuffer();
  const { width, height } = plant.info;
  const joined = await sharp({ create: { width: 256, height: 256, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .composite([{ input: plant.data, left: (256 - width) >> 1, top: Math.max(0, 172 - height) }, { input: vessel, left: 0, top: 0 }]).png().toBuffer();
  await pack.add(joined, { category: 'potted plant', set, name: `${name}+pot`, licence, role: test ? 'test' : 'train' });
}

let seed = 1;
for (const set of [...TRAIN_SETS, ...TEST_SETS].filter((s) => !only || only.includes(s))) {
  const json = require(`@iconify-json/${set}/icons.json`);
  const licence = require(`@iconify-json/${set}/info.json`).license.spdx;
  const hits = Object.keys(json.icons).sort().map((name) => ({ name, ...classify(name) })).filter((h) => h.category);
  // Skin tones of the same person are near-copies: one tone a name, rotating, beside the plain drawing.
  const people = hits.filter((h) => h.category === 'person');
  const plain = people.filter((h) => !h.tone), toned = people.filter((h) => h.tone).filter((_, i) => i % 5 === Math.floor(i / 5) % 5);
  const chosen = [...hits.filter((h) => h.category !== 'person' && !h.tone), ...thin(plain, PEOPLE_A_SET / 2), ...thin(toned, PEOPLE_A_SET / 2)];
  for (const hit of chosen) await pack.add(svgOf(json, json.icons[hit.name]), { category: hit.category, set, name: hit.name, licence, role: roleOf(set, hit.base) });
  for (const name of Object.keys(json.icons).filter((n) => POTTABLE.test(n))) await pot(set, name, svgOf(json, json.icons[name]), seed++, licence);
}

// The 3D set names its files by code point; the character names come from the flat set of the same family.
async function fluent3d() {
  const chars = require('@iconify-json/twemoji/chars.json');
  const assets = path.join(modules, '@lobehub/fluent-emoji-3d/assets');
  const named = new Map(Object.entries(chars).map(([code, name]) => [code.replace(/-fe0f/g, ''), name]));
  let people = 0;
  for (const file of fs.readdirSync(assets).sort()) {
    const name = named.get(path.basename(file, '.webp').replace(/-fe0f/g, ''));
    const hit = name && classify(name);
    if (name && POTTABLE.test(name)) await pot('fluent-emoji-3d', name, await sharp(path.join(assets, file)).png().toBuffer(), seed++, 'MIT');
    if (!hit || (hit.category === 'person' ? people++ % 4 !== 0 : hit.tone)) continue;
    await pack.add(path.join(assets, file), { category: hit.category, set: 'fluent-emoji-3d', name, licence: 'MIT', role: roleOf('fluent-emoji-3d', hit.base) });
  }
}
if (!only) await fluent3d();

const drawn = { 'dining table': [furniture.table, 72, 16], sofa: [furniture.sofa, 36, 0], chair: [furniture.chair, 36, 0], 'tv monitor': [furniture.screen, 28, 0], bottle: [furniture.bottle, 28, 0] };
for (const [category, [draw, train, test]] of Object.entries(drawn))
  for (let i = 0; i < train + test; i++) await pack.add(Buffer.from(draw(1000 + i, i >= train)), { category, set: 'drawn', name: `${category.replace(' ', '-')}-${i}`, licence: 'Apache-2.0', role: i >= train ? 'test' : i >= train - 2 ? 'demo' : 'train' });

pack.write(out, 'sprites', CLASSES);
for (const role of ['train', 'demo', 'test']) console.log(role, CLASSES.map((c) => `${c} ${pack.count(role, c)}`).join(', '));
console.log(`${pack.length} drawings`);
