// A pack of drawings: RGBA pictures of one size and a list that says what each shows.

import fs from 'node:fs';
import path from 'node:path';

const SIZE = 128;

export class Pack {
  #sprites = [];
  #pixels = [];

  /** @param sharp the picture library, from where the caller installed it */
  constructor(sharp) {
    this.sharp = sharp;
  }

  /** Adds a picture, trimmed to what is not transparent and fitted into the size of the pack. */
  async add(input, meta) {
    const { data, info } = await this.sharp(input, { limitInputPixels: false }).ensureAlpha()
      .trim({ background: { r: 0, g: 0, b: 0, alpha: 0 }, threshold: 8 })
      .resize(SIZE, SIZE, { fit: 'inside', kernel: 'lanczos3' }).raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const canvas = Buffer.alloc(SIZE * SIZE * 4);
    const left = (SIZE - width) >> 1, top = (SIZE - height) >> 1;
    for (let y = 0; y < height; y++) data.copy(canvas, ((top + y) * SIZE + left) * 4, y * width * 4, (y + 1) * width * 4);
    this.#sprites.push({ ...meta, width, height });
    this.#pixels.push(canvas);
  }

  count(role, category) {
    return this.#sprites.filter((s) => s.role === role && s.category === category).length;
  }

  get length() {
    return this.#sprites.length;
  }

  /** Writes FOLDER/NAME.bin (uint8, [count, 128, 128, 4], straight alpha, centred) and FOLDER/NAME.json. */
  write(folder, name, classes) {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${name}.bin`), Buffer.concat(this.#pixels));
    fs.writeFileSync(path.join(folder, `${name}.json`), JSON.stringify({ size: SIZE, classes, sprites: this.#sprites }));
  }
}
