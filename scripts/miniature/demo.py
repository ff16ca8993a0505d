"""Compose the pictures that the package bundles, from MIT- and Apache-licensed drawings that training never saw.

    python -m miniature.demo --out ../models/miniature/pictures          (from scripts/)

Writes 256x256 PNGs and pictures.json: {file: {"categories": [...], "credit": "..."}}.
"""

import argparse
import json
import os

import numpy as np
from PIL import Image

from .compose import Composer
from .config import CLASSES
from .sprites_pack import load_sprites

# Names of the file, classes, backgrounds from above, and the seed whose composition is clear.
SCENES = [
    ("cat-bus", ["cat", "bus"], ["sky", "grass"], 0),
    ("dog-sofa", ["dog", "sofa", "potted plant"], ["wall", "wood"], 6),
    ("horse-train", ["horse", "train"], ["trees", "grass"], 3),
    ("bird-boat", ["bird", "boat"], ["sky", "water"], 2),
    ("cow-sheep-car", ["cow", "sheep", "car"], ["sky", "road"], 5),
    ("person-table-screen", ["person", "dining table", "tv monitor"], ["wall", "wood"], 7),
]
PROJECTS = {
    "fluent-emoji": "Fluent Emoji by Microsoft, MIT",
    "fluent-emoji-flat": "Fluent Emoji by Microsoft, MIT",
    "fluent-emoji-3d": "Fluent Emoji by Microsoft, MIT",
    "drawn": "drawn by scripts/miniature/sprites/furniture.mjs, Apache-2.0",
}


SIDE = 256


def compose(sprites, scene, seed: int):
    """-> (picture uint8 [SIDE, SIDE, 3], the drawings in it)."""
    _, names, words, _ = scene
    composer = Composer(sprites, 77_000_000 + seed, 1, augment=False, side=SIDE)
    picture, _, visible = composer.scene([CLASSES.index(name) + 1 for name in names], words)
    return picture, visible


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--sheet", default="", help="write a contact sheet of eight seeds a scene instead")
    options = parser.parse_args()
    sprites = [s for s in load_sprites() if s.role == "demo"]
    if options.sheet:
        rows = [np.concatenate([compose(sprites, scene, seed)[0][::2, ::2] for seed in range(8)], 1) for scene in SCENES]
        Image.fromarray(np.concatenate(rows)).save(options.sheet)
        return
    os.makedirs(options.out, exist_ok=True)
    index = {}
    for scene in SCENES:
        picture, visible = compose(sprites, scene, scene[3])
        Image.fromarray(picture).save(os.path.join(options.out, f"{scene[0]}.png"), optimize=True)
        credit = "; ".join(dict.fromkeys(PROJECTS[s.set] for s in visible))
        index[f"{scene[0]}.png"] = {"categories": scene[1], "credit": f"Composition of drawings: {credit}"}
    with open(os.path.join(options.out, "pictures.json"), "w", encoding="utf-8") as file:
        json.dump(index, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
