"""Write held-out pictures with their masks and names: drawings that training never saw, in new scenes.

    python -m miniature.heldout --count 300 --sets openmoji --seed 7 --out ../.cache/miniature/heldout/openmoji

(from scripts/). OUT is a data set of the kind that the program calls ``folder``: images/NNNN.png (RGB; with --jpeg
NNNN.jpg, a third of the size), masks/NNNN.png (8-bit grey: 0 background, 1..20 the classes in VOC's order) and classes.json
with the names; beside them captions.json, a sentence a picture, and sources.json, which drawings a picture shows. The same
options write the same files. The pictures of the package are

    python -m miniature.heldout --count 300 --sets openmoji --seed 7 --jpeg --out ../models/miniature-pictures
"""

import argparse
import json
import os
from typing import Iterator, List, NamedTuple, Sequence

import numpy as np
from PIL import Image

from .captions import caption, vocabulary
from .compose import Composer, load_photographs
from .config import FIRST_BACKGROUND
from .sprites_pack import Sprite, load_sprites


class Example(NamedTuple):
    picture: np.ndarray  # uint8 [S, S, 3]
    mask: np.ndarray  # uint8 [S, S], 0..20
    labels: List[int]  # 1..20, in VOC's order
    sources: List[str]  # set:name of the drawings


PHOTOGRAPHS = "tuxpaint-stamps"
BACKGROUND_KINDS = ["textures", "photographs"]


def select(role: str, sets: Sequence[str]) -> List[Sprite]:
    """Drawings of a role, of the given sets only where any are given; 'drawn' are the tables drawn for the test.

    Photographs count only where they are asked for by the name of their set.
    """
    return [s for s in load_sprites() if s.role == role and (s.set in sets if sets else s.set != PHOTOGRAPHS)]


def examples(sprites: Sequence[Sprite], count: int, seed: int, backgrounds: str = "textures") -> Iterator[Example]:
    """``backgrounds``: "textures", the procedural ones, or "photographs", those kept from training."""
    photographs = load_photographs("test") if backgrounds == "photographs" else []
    composer = Composer(sprites, 900_000_000 + seed, textures=12, augment=False, photographs=photographs, photograph_share=1.0)
    made = 0
    while made < count:
        picture, mask, visible = composer.scene()
        if not visible:
            continue
        made += 1
        labels = sorted({s.label for s in visible})
        plain = np.where(mask >= FIRST_BACKGROUND, 0, mask).astype(np.uint8)
        yield Example(picture, plain, labels, [f"{s.set}:{s.name}" for s in visible])


def write(folder: str, chosen: Sequence[Example], seed: int, jpeg: bool = False) -> None:
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    os.makedirs(os.path.join(folder, "masks"), exist_ok=True)
    sources, captions = {}, {}
    for i, example in enumerate(chosen):
        name = f"{i:04d}"
        picture, path = Image.fromarray(example.picture), os.path.join(folder, "images", name)
        if jpeg:
            picture.save(path + ".jpg", quality=92, subsampling=0, optimize=True)
        else:
            picture.save(path + ".png")
        Image.fromarray(example.mask).save(os.path.join(folder, "masks", f"{name}.png"))
        sources[name] = example.sources
        captions[name] = caption(np.random.default_rng([seed, i]), example.mask)
    for name, content in (("classes", vocabulary()), ("captions", captions), ("sources", sources)):
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.write("\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--role", choices=["test", "demo", "train"], default="test")
    parser.add_argument("--sets", nargs="*", default=[], help="openmoji, emojione-v1, drawn, …; all of the role by default")
    parser.add_argument("--backgrounds", choices=BACKGROUND_KINDS, default="textures")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jpeg", action="store_true", help="pictures as JPEG of quality 92 without chroma subsampling")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    chosen = list(examples(select(options.role, options.sets), options.count, options.seed, options.backgrounds))
    write(options.out, chosen, options.seed, options.jpeg)
    print(f"heldout: {len(chosen)} pictures in {options.out}")


if __name__ == "__main__":
    main()
