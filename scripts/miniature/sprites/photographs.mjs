// Cut-out photographs of some of the 20 classes, from the stamps of a drawing program: a test set only.
//
//   node photographs.mjs NODE_MODULES STAMPS OUT      STAMPS: the folder usr/share/tuxpaint/stamps of Debian's package
//                                                     tuxpaint-stamps-default (GPL-2), unpacked
//
// writes OUT/photographs.bin and OUT/photographs.json in the form of sprites.bin and sprites.json, all of the role test.

import { createRequire } from 'node:module';
import path from 'node:path';
import { CLASSES } from './classes.mjs';
import { Pack } from './pack.mjs';

// Photographs only, and only what the name of the class says without a doubt: no cartoons, no lions for cats.
const STAMPS = {
  airplane: ['vehicles/flight/planes/747', 'military/vehicles/f22_raptor'],
  bird: [
    'adelaide-rosella', 'albino_peahen', 'blackbird', 'chicken_profile', 'crow', 'crowned_crane', 'cuckoo', 'drake', 'duck', 'gander',
    'guineafowl', 'helmeted_guineafowl', 'hen', 'heron_greatblue', 'heron_greatblue_flying', 'lark', 'little-penguin', 'magellanic_penguin',
    'magpie', 'nandou', 'ostrich', 'owl', 'peacock', 'pelican', 'penguin', 'pigeon', 'pink_flamingo', 'quetzal', 'rainbow-lorikeet',
    'rooster', 'seagull', 'silver-gull', 'tucan', 'vulture',
  ].map((name) => `animals/birds/${name}`),
  boat: ['vehicles/ship/chineseJunk', 'vehicles/ship/walnutBoat'],
  bus: ['vehicles/masstransit/green_korean_bus'],
  car: ['vehicles/auto/beetle', 'vehicles/auto/sedan', 'vehicles/auto/sportscar2', 'vehicles/race/indycar'],
  cow: ['bull', 'cow', 'cow_white', 'zebu'].map((name) => `animals/mammals/bovines/${name}`),
  dog: ['animals/mammals/dogs/dog', 'animals/mammals/dogs/dingo'],
  horse: ['animals/mammals/equines/horse'],
  person: ['people/fireman200b', 'people/fireman240a'],
  sheep: ['ram', 'sheep', 'sheep_lamb'].map((name) => `animals/mammals/bovines/${name}`),
};

const [modules, stamps, out] = process.argv.slice(2, 5).map((folder) => path.resolve(folder));
const pack = new Pack(createRequire(path.join(modules, 'anchor.js'))('sharp'));
for (const [category, files] of Object.entries(STAMPS)) {
  for (const file of files) {
    await pack.add(path.join(stamps, `${file}.png`), { category, set: 'tuxpaint-stamps', name: path.basename(file), licence: 'GPL-2.0', role: 'test' });
  }
}
pack.write(out, 'photographs', CLASSES);
console.log(Object.keys(STAMPS).map((c) => `${c} ${pack.count('test', c)}`).join(', '));
