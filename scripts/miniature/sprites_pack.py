"""The rendered drawings: loading, removal of near-copies between training and test, style variants."""

import json
import os
from typing import Dict, List

import numpy as np
from PIL import Image

from .config import CACHE, CLASSES

NEAR_COPY = 14.0  # mean absolute difference of 24x24 RGBA thumbnails, in levels, under which two drawings count as one


class Sprite:
    """One drawing: ``image`` is a trimmed RGBA PIL picture of at most 128x128, ``label`` 1..20."""

    def __init__(self, image: Image.Image, meta: dict):
        self.image = image
        self.label = CLASSES.index(meta["category"]) + 1
        self.set, self.name, self.licence, self.role = meta["set"], meta["name"], meta["licence"], meta["role"]


def load_sprites(folder: str = "") -> List[Sprite]:
    """All drawings of the pack, near-copies of a test or demo drawing removed from training."""
    folder = folder or os.path.join(CACHE, "sprites")
    sprites, thumbnails = [], []
    for pack in ("sprites", "photographs"):  # the second one only where it could be fetched
        if not os.path.exists(os.path.join(folder, f"{pack}.json")):
            continue
        with open(os.path.join(folder, f"{pack}.json"), encoding="utf-8") as file:
            index = json.load(file)
        size = index["size"]
        pixels = np.memmap(os.path.join(folder, f"{pack}.bin"), np.uint8, "r").reshape(-1, size, size, 4)
        for meta, picture in zip(index["sprites"], pixels):
            left, top = (size - meta["width"]) // 2, (size - meta["height"]) // 2
            image = Image.fromarray(np.array(picture)).crop((left, top, left + meta["width"], top + meta["height"]))
            sprites.append(Sprite(image, meta))
            thumbnails.append(_thumbnail(Image.fromarray(np.array(picture))))
    copies = _near_copies(sprites, np.stack(thumbnails))
    return [sprite for i, sprite in enumerate(sprites) if i not in copies]


def _thumbnail(picture: Image.Image) -> np.ndarray:
    flat = Image.new("RGBA", picture.size, (128, 128, 128, 0))
    flat.paste(picture, mask=picture.getchannel("A"))
    rgb = np.asarray(flat.convert("RGB").resize((24, 24), Image.Resampling.BOX), np.float32)
    alpha = np.asarray(picture.getchannel("A").resize((24, 24), Image.Resampling.BOX), np.float32)
    return np.concatenate([rgb, alpha[..., None]], -1).ravel()


def _near_copies(sprites: List[Sprite], thumbnails: np.ndarray) -> Dict[int, int]:
    """Training drawing -> the held-out drawing of its class that it nearly equals (or equals mirrored)."""
    copies: Dict[int, int] = {}
    mirrored = thumbnails.reshape(-1, 24, 24, 4)[:, :, ::-1].reshape(len(thumbnails), -1)
    for i, sprite in enumerate(sprites):
        if sprite.role != "train":
            continue
        for j, other in enumerate(sprites):
            # Drawn furniture is alike by construction; its ranges differ instead.
            if other.role == "train" or other.label != sprite.label or sprite.set == other.set == "drawn":
                continue
            near = min(np.abs(thumbnails[i] - thumbnails[j]).mean(), np.abs(thumbnails[i] - mirrored[j]).mean())
            if near < NEAR_COPY:
                copies[i] = j
                break
    return copies


def outlined(image: Image.Image, strength: float) -> Image.Image:
    """The drawing with its inner and outer edges darkened, in the manner of line-drawn sets."""
    pixels = np.asarray(image, np.float32)
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)))
    h, w = pixels.shape[:2]
    shifted = [padded[y : y + h, x : x + w] for y in (1, 3) for x in (1, 3)]
    spread = np.max(np.abs(np.stack(shifted) - pixels[None]), axis=(0, 3)) / 255.0  # [h, w] 0..1
    line = np.clip((spread - 0.12) * 5.0, 0, 1) * strength
    result = pixels.copy()
    result[..., :3] *= 1 - line[..., None]
    return Image.fromarray(result.astype(np.uint8))


def recoloured(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    """The drawing with a random gain and mixing of its colour channels, saturation and contrast."""
    pixels = np.asarray(image, np.float32).copy()
    rgb = pixels[..., :3]
    mix = np.eye(3) * generator.uniform(0.7, 1.1) + generator.uniform(-0.12, 0.25, (3, 3))
    rgb = rgb @ mix.T.astype(np.float32)
    gray = rgb.mean(-1, keepdims=True)
    rgb = gray + (rgb - gray) * generator.uniform(0.3, 1.5)
    rgb = 128 + (rgb - 128) * generator.uniform(0.7, 1.2) + generator.uniform(-25, 25)
    pixels[..., :3] = np.clip(rgb, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))
