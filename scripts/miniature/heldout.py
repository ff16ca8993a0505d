"""Write held-out pictures with their masks and names: drawings that training never saw, in new scenes.

    python -m miniature.heldout --count 300 --sets openmoji --seed 7 --out ../.cache/miniature/heldout/openmoji

(from scripts/). OUT holds pictures/NNNN.png (RGB), masks/NNNN.png (8-bit grey: 0 background, 1..20 the classes in
VOC's order) and names.json: {"classes": [...], "pictures": [{"picture", "mask", "categories", "sources"}]}, where
``categories`` are the names of the objects visible, without ``background``. The same options write the same files.
"""

import argparse
import json
import os
from typing import Dict, Iterator, List, NamedTuple, Sequence

import numpy as np
from PIL import Image

from .compose import Composer
from .config import CLASSES, FIRST_BACKGROUND
from .sprites_pack import Sprite, load_sprites


class Example(NamedTuple):
    picture: np.ndarray  # uint8 [S, S, 3]
    mask: np.ndarray  # uint8 [S, S], 0..20
    labels: List[int]  # 1..20, in VOC's order
    sources: List[str]  # set:name of the drawings


def select(role: str, sets: Sequence[str]) -> List[Sprite]:
    """Drawings of a role, of the given sets only where any are given; 'drawn' are the tables drawn for the test."""
    return [s for s in load_sprites() if s.role == role and (not sets or s.set in sets)]


def examples(sprites: Sequence[Sprite], count: int, seed: int, augment: bool = False) -> Iterator[Example]:
    composer = Composer(sprites, 900_000_000 + seed, textures=12, augment=augment)
    made = 0
    while made < count:
        picture, mask, visible = composer.scene()
        if not visible:
            continue
        made += 1
        labels = sorted({s.label for s in visible})
        plain = np.where(mask >= FIRST_BACKGROUND, 0, mask).astype(np.uint8)
        yield Example(picture, plain, labels, [f"{s.set}:{s.name}" for s in visible])


def write(folder: str, chosen: Sequence[Example]) -> None:
    os.makedirs(os.path.join(folder, "pictures"), exist_ok=True)
    os.makedirs(os.path.join(folder, "masks"), exist_ok=True)
    index: Dict[str, list] = {"classes": [*CLASSES], "pictures": []}
    for i, example in enumerate(chosen):
        name = f"{i:04d}.png"
        Image.fromarray(example.picture).save(os.path.join(folder, "pictures", name))
        Image.fromarray(example.mask).save(os.path.join(folder, "masks", name))
        names = [CLASSES[label - 1] for label in example.labels]
        entry = {"picture": f"pictures/{name}", "mask": f"masks/{name}", "categories": names, "sources": example.sources}
        index["pictures"].append(entry)
    with open(os.path.join(folder, "names.json"), "w", encoding="utf-8") as file:
        json.dump(index, file, indent=1)
        file.write("\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--role", choices=["test", "demo", "train"], default="test")
    parser.add_argument("--sets", nargs="*", default=[], help="openmoji, emojione-v1, drawn, …; all of the role by default")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    chosen = list(examples(select(options.role, options.sets), options.count, options.seed))
    write(options.out, chosen)
    print(f"heldout: {len(chosen)} pictures in {options.out}")


if __name__ == "__main__":
    main()
