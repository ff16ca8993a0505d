/** Masks → COCO's instances JSON. */

/**
 * One annotation a class and picture; every third picture's are polygons, plain run lengths and compressed ones in turn.
 * Over the first object of a picture lies a larger one of another class, which must end below it.
 */
export function instancesJson(pictures, classIds, categoryIds) {
  const annotations = [];
  const add = (annotation) => annotations.push({ id: 1000 + annotations.length, iscrowd: 0, ...annotation });
  for (const [i, { id, width, height, labels }] of pictures.entries()) {
    const image_id = Number(id);
    const present = [...new Set(labels)].filter((label) => label > 0).sort((a, b) => a - b);
    for (const [k, label] of present.entries()) {
      const region = labels.map((value) => (value === label ? 1 : 0));
      add({
        image_id,
        category_id: classIds[label],
        area: sum(region),
        segmentation: segmentation(region, width, height, i % 3),
      });
      if (k > 0) continue;
      // Only within the object's own pixels, yet stated as larger: it is painted first, and nothing of it is left.
      add({
        image_id,
        category_id: classIds[label] === 1 ? 3 : 1,
        area: width * height,
        iscrowd: i % 2,
        segmentation: segmentation(region, width, height, 1),
      });
    }
  }
  // In no order, as in COCO's own file.
  annotations.sort((a, b) => ((a.id * 7919) % 1009) - ((b.id * 7919) % 1009));
  return {
    info: { description: 'brackets in a string ]}" do no harm: \\"{[' },
    licenses: [{ id: 1, name: 'none' }],
    images: pictures.map(({ id, width, height }) => ({
      id: Number(id),
      file_name: `${id}.jpg`,
      width,
      height,
      license: 1,
    })),
    annotations,
    categories: categoryIds.map((id) => ({ id, name: `category ${id}`, supercategory: 'thing' })),
  };
}

const sum = (list) => list.reduce((a, b) => a + b, 0);

function segmentation(region, width, height, way) {
  if (way === 0) return rectangles(region, width, height);
  const counts = runLengths(region, width, height);
  return { size: [height, width], counts: way === 1 ? counts : compress(counts) };
}

/** A polygon for every run of a column: pixels have corners at integers. */
function rectangles(region, width, height) {
  const polygons = [];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (!region[y * width + x]) continue;
      const start = y;
      while (y < height && region[y * width + x]) y++;
      polygons.push([x, start, x + 1, start, x + 1, y, x, y]);
    }
  }
  return polygons;
}

/** Column by column, background first. */
export function runLengths(region, width, height) {
  const counts = [0];
  for (let i = 0, current = 0; i < width * height; i++) {
    const value = region[(i % height) * width + Math.floor(i / height)];
    if (value !== current) counts.push(0);
    current = value;
    counts[counts.length - 1]++;
  }
  return counts;
}

/** COCO's text: differences to the length before the last, 5 bits a character. */
export function compress(counts) {
  let text = '';
  for (const [i, count] of counts.entries()) {
    let rest = i > 2 ? count - counts[i - 2] : count;
    for (let more = true; more; ) {
      const bits = rest & 31;
      rest >>= 5;
      more = !(rest === (bits & 16 ? -1 : 0));
      text += String.fromCharCode((more ? bits | 32 : bits) + 48);
    }
  }
  return text;
}
