/**
 * COCO Object, 80 classes: three routes to the labels.
 *
 *     {images/,}<split>/*.jpg
 *     {annotations,stuffthingmaps}/<split>/<id>.png                    stuffthingmaps
 *     {annotations,stuffthingmaps}/<split>/<id>_instanceTrainIds.png   converted
 *     annotations/instances_<split>.json                               instances
 *
 * `stuffthingmaps` is the published protocol, `converted` the same after somebody's conversion; `auto` takes the first in
 * this order.
 */
import path from 'node:path';
import { InvSegError } from '../../errors.js';
import { loadVocabulary } from '../../names/index.js';
import type { DatasetParts, Located } from '../dataset.js';
import type { LabelTable } from '../labels.js';
import { withoutBackground } from '../labels.js';
import { listIds } from '../lists.js';
import type { ResolvedOptions } from '../options.js';
import type { Root } from '../places.js';
import { wrongSize } from '../png-mask.js';
import { findMask, findPicture, pngLabels } from '../png-source.js';
import { convertedTable, stuffThingTable } from './categories.js';
import { InstancesFile } from './instances.js';
import { paintObjects } from './paint.js';

const PICTURE_FOLDERS = ['images', ''] as const;
const MASK_FOLDERS = ['annotations', 'stuffthingmaps'] as const;
const CONVERTED = '_instanceTrainIds.png';

type Route = Exclude<ResolvedOptions['route'], 'auto'>;
type Found = { route: 'instances'; file: string } | { route: Exclude<Route, 'instances'>; folder: string[] };

/** @throws {InvSegError} `DATASET_NOT_FOUND`, `DATASET_INVALID` */
export async function openCoco(root: Root, options: ResolvedOptions): Promise<DatasetParts> {
  const split = fullSplit(options.split ?? 'val');
  const pictures = await pictureFolder(root, split);
  const found = await findRoute(root, split, options.route);
  const hasBackground = options.background === 'class';
  const base = { root: root.folder, split, vocabulary: await loadVocabulary('coco'), hasBackground };
  if (found.route === 'instances') return { ...base, ...(await fromInstances(root, pictures, found.file, options)) };
  return { ...base, ...(await fromPngs(root, pictures, found, hasBackground)) };
}

/** `val` means `val2017`. */
const fullSplit = (split: string): string => (split === 'val' || split === 'train' ? `${split}2017` : split);

async function pictureFolder(root: Root, split: string): Promise<string[]> {
  for (const folder of PICTURE_FOLDERS) if (await root.has(folder, split)) return [folder, split].filter(Boolean);
  throw new InvSegError(
    'DATASET_NOT_FOUND',
    `${root.at('images', split)}: there is no such folder, nor ${root.at(split)}; the images belong there`,
  );
}

async function findRoute(root: Root, split: string, wanted: ResolvedOptions['route']): Promise<Found> {
  const is = (route: Route): boolean => wanted === 'auto' || wanted === route;
  for (const route of ['stuffthingmaps', 'converted'] as const) {
    for (const top of MASK_FOLDERS) {
      if (!is(route) || !(await root.has(top, split))) continue;
      const fits =
        route === 'converted'
          ? (name: string) => name.endsWith(CONVERTED)
          : (name: string) => /^[^_]+\.png$/.test(name);
      if ((await root.list(top, split)).some(fits)) return { route, folder: [top, split] };
    }
  }
  const file = `instances_${split}.json`;
  if (is('instances') && (await root.has('annotations', file))) return { route: 'instances', file };
  const places = {
    stuffthingmaps: `annotations/${split}/<id>.png`,
    converted: `annotations/${split}/<id>${CONVERTED}`,
    instances: `annotations/${file}`,
  };
  const tried = wanted === 'auto' ? Object.values(places).join(', nor ') : places[wanted];
  throw new InvSegError('DATASET_NOT_FOUND', `${root.folder}: there are no labels of ${split}: no ${tried}`);
}

type Rest = Pick<DatasetParts, 'protocol' | 'list' | 'locate'>;

async function fromPngs(
  root: Root,
  pictures: string[],
  { route, folder }: Exclude<Found, { route: 'instances' }>,
  hasBackground: boolean,
): Promise<Rest> {
  const [table, ending] = route === 'converted' ? [convertedTable(), CONVERTED] : [stuffThingTable(), '.png'];
  const used = hasBackground ? table : withoutBackground(table);
  const ignored = hasBackground ? 'and background, nothing ignored' : 'background ignored';
  return {
    protocol: `COCO Object by ${route}: ${folder.join('/')}/*${ending}, 80 classes ${ignored}`,
    list: await listIds(root, pictures.join('/'), ['.jpg']),
    async locate(id) {
      const imagePath = await findPicture(root, pictures, id, ['.jpg']);
      await findMask(root, folder, `${id}${ending}`);
      return { imagePath, readLabels: pngLabels(root, folder, `${id}${ending}`, used) };
    },
  };
}

async function fromInstances(root: Root, pictures: string[], name: string, options: ResolvedOptions): Promise<Rest> {
  const file = (await root.find('annotations', name))!;
  const instances = await InstancesFile.open(file);
  const { crowd, overlap, background } = options;
  const shift: LabelTable | undefined =
    background === 'ignore' ? withoutBackground(Int16Array.from({ length: 256 }, (_, i) => i)) : undefined;
  const readLabels =
    (id: string): Located['readLabels'] =>
    async (size) => {
      const stated = instances.picture(id);
      if (stated.width !== size.width || stated.height !== size.height)
        throw wrongSize(`${file}: ${stated.fileName}`, stated, size);
      const labels = paintObjects(await instances.objects(id), size, { crowd, overlap });
      return shift ? labels.map((label) => shift[label]!) : labels;
    };
  return {
    protocol: [
      `COCO Object by instances: annotations/${name}`,
      `80 classes ${background === 'class' ? 'and background' : ', background ignored'}`,
      `overlaps: ${overlap === 'smallest' ? 'the smallest object on top' : 'ignored'}`,
      `crowds: ${crowd === 'ignore' ? 'ignored' : crowd === 'background' ? 'background' : 'as their class'}`,
    ].join(', '),
    list: instances.list,
    async locate(id) {
      const { name: stem, ext } = path.parse(instances.picture(id).fileName);
      return { imagePath: await findPicture(root, pictures, stem, [ext]), readLabels: readLabels(id) };
    },
  };
}
