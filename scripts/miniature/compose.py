"""Scenes: 1 to 4 drawings over one or two named backgrounds or a photograph, with the exact mask of what is visible."""

import glob
from typing import Dict, List, Sequence, Tuple

import numpy as np
from PIL import Image, ImageFilter

from .backgrounds import texture
from .config import BACKGROUNDS, FIRST_BACKGROUND, PICTURE, UNNAMED_BACKGROUND, cache
from .sprites_pack import Sprite, outlined, recoloured

GROUNDS = ["grass", "water", "sand", "snow", "road", "wood"]
BACKDROPS = ["sky", "trees", "night", "wall", "snow"]


def load_photographs(role: str) -> List[np.ndarray]:
    """Photographic backgrounds uint8 [256, 512, 3] of the role train or test; the left edge continues the right one."""
    return [np.asarray(Image.open(file).convert("RGB")) for file in sorted(glob.glob(cache("backgrounds", f"{role}-*.png")))]


class Composer:
    """Makes scenes of the given drawings; all randomness comes from one seeded generator.

    ``augment`` adds what training wants and a test does not: changed colours, drawn outlines, crowds, groups of one class,
    objects larger than the picture or hardly visible.
    ``photographs`` are backgrounds beside the procedural ones, in ``photograph_share`` of the scenes.
    """

    def __init__(
        self,
        sprites: Sequence[Sprite],
        seed: int,
        textures: int = 40,
        augment: bool = True,
        side: int = PICTURE,
        photographs: Sequence[np.ndarray] = (),
        photograph_share: float = 0.0,
    ):
        self.rng = np.random.default_rng(seed)
        self.augment = augment
        self.photographs, self.photograph_share = photographs, photograph_share if len(photographs) else 0.0
        self.side = side
        self.pool_side = side * 3 // 2  # textures are made once at this size and cropped
        self.by_label: Dict[int, List[Sprite]] = {}
        for sprite in sprites:
            self.by_label.setdefault(sprite.label, []).append(sprite)
        self.labels = sorted(self.by_label)
        self.textures = {
            word: [texture(word, self.rng, self.pool_side) for _ in range(textures)] for word in BACKGROUNDS
        }

    def scene(self, labels: Sequence[int] = (), words: Sequence[str] = ()) -> Tuple[np.ndarray, np.ndarray, List[Sprite]]:
        """-> picture uint8 [S, S, 3], mask uint8 [S, S] (1..20 | FIRST_BACKGROUND + word), the drawings visible.

        ``labels`` and ``words`` (one background, or the upper and the lower one) are random unless given.
        """
        rng = self.rng
        photographic = not words and self.photograph_share > 0 and rng.random() < self.photograph_share
        picture, mask = self._photograph() if photographic else self._background(words)
        if not len(labels):
            count = rng.choice([1, 2, 3], p=[0.25, 0.45, 0.3])
            labels = rng.choice(self.labels, count, replace=rng.random() < 0.12)
            if self.augment and rng.random() < 0.25:  # a crowd, or a group of one class
                labels = [*labels, rng.choice(labels if rng.random() < 0.5 else self.labels)]
        placed: List[Sprite] = []
        for label in labels:
            sprite = self.by_label[int(label)][rng.integers(len(self.by_label[int(label)]))]
            self._place(picture, mask, sprite, len(labels))
            placed.append(sprite)
        if rng.random() < 0.3:
            image = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
            picture = np.asarray(image)
        if rng.random() < 0.4:
            gain, offset = rng.uniform(0.75, 1.2), rng.uniform(-20, 20)
            noise = rng.normal(0, rng.uniform(0, 8), picture.shape[:2] + (1,))
            picture = np.clip(picture * gain + offset + noise, 0, 255).astype(np.uint8)
        visible = [s for s in placed if (mask == s.label).sum() >= 0.008 * mask.size]
        for label in {s.label for s in placed} - {s.label for s in visible}:  # a sliver nobody could name
            mask[mask == label] = self._background_of(mask)
        return picture, mask, visible

    def _background_of(self, mask: np.ndarray) -> int:
        words = mask[mask >= FIRST_BACKGROUND]
        return int(np.bincount(words).argmax()) if words.size else FIRST_BACKGROUND

    def _texture(self, word: str) -> np.ndarray:
        source = self.textures[word][self.rng.integers(len(self.textures[word]))]
        y, x = self.rng.integers(0, self.pool_side - self.side + 1, 2)
        crop = source[y : y + self.side, x : x + self.side]
        return crop[:, ::-1] if self.rng.random() < 0.5 else crop

    def _photograph(self) -> Tuple[np.ndarray, np.ndarray]:
        """A crop of a photograph, level as cameras mostly are, with changed light."""
        rng = self.rng
        source = self.photographs[rng.integers(len(self.photographs))]
        height, width = source.shape[:2]
        crop = int(rng.uniform(0.4, 0.8) * height)
        y, x = int(rng.uniform(0.12, 0.88) * (height - crop)), int(rng.integers(width))
        columns = (x + np.arange(crop)) % width
        image = Image.fromarray(source[y : y + crop][:, columns]).resize((self.side, self.side), Image.Resampling.BICUBIC)
        picture = np.asarray(image, np.float32) * rng.uniform(0.7, 1.3) * rng.uniform(0.92, 1.08, 3)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        mask = np.full((self.side, self.side), UNNAMED_BACKGROUND, np.uint8)
        return np.clip(picture, 0, 255).astype(np.uint8), mask

    def _background(self, words: Sequence[str] = ()) -> Tuple[np.ndarray, np.ndarray]:
        rng, side = self.rng, self.side
        if not words:
            words = [BACKGROUNDS[rng.integers(len(BACKGROUNDS))]]
            if rng.random() < 0.5:
                words = [BACKDROPS[rng.integers(len(BACKDROPS))], GROUNDS[rng.integers(len(GROUNDS))]]
        upper, lower = words[0], words[-1]
        # The horizon: a line, tilted or wavy.
        x = np.arange(side)
        line = rng.uniform(0.25, 0.75) * side + rng.uniform(-0.12, 0.12) * (x - side / 2)
        if rng.random() < 0.4:
            line = line + side / 128 * rng.uniform(1, 8) * np.sin(x * 128 / side * rng.uniform(0.02, 0.12) + rng.uniform(0, 6.3))
        below = np.arange(side)[:, None] > (line if len(words) > 1 else line - 2 * side)[None]
        picture = np.where(below[..., None], self._texture(lower), self._texture(upper))
        codes = np.where(below, BACKGROUNDS.index(lower), BACKGROUNDS.index(upper))
        return picture, (FIRST_BACKGROUND + codes).astype(np.uint8)

    def _place(self, picture: np.ndarray, mask: np.ndarray, sprite: Sprite, count: int) -> None:
        rng = self.rng
        image = sprite.image
        if self.augment:
            if rng.random() < 0.4:
                image = recoloured(image, rng)
            if rng.random() < 0.35:
                image = outlined(image, rng.uniform(0.5, 1.0))
        if rng.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if rng.random() < 0.35:
            image = image.rotate(rng.uniform(-18, 18), Image.Resampling.BILINEAR, expand=True)
        low, high = {1: (0.35, 1.0), 2: (0.3, 0.75)}.get(count, (0.25, 0.62))
        crowded = self.augment and rng.random() < 0.2
        if crowded:  # of any size, wherever it falls
            low, high = 0.15, 1.4
        side = rng.uniform(low, high) * self.side
        scale = side / max(image.size)
        stretch = rng.uniform(0.85, 1.18) if self.augment else 1.0
        w, h = max(8, int(image.width * scale * stretch)), max(8, int(image.height * scale))
        pixels = np.asarray(image.resize((w, h), Image.Resampling.BILINEAR), np.float32)
        # Mostly inside the picture; at times cut by its border. Of a few places the one that hides least is taken.
        over = (0.5 if crowded else 0.3) if rng.random() < 0.3 else 0.0
        best, least = (0, 0), 1 << 30
        for _ in range(1 if crowded else 4):
            x = int(rng.uniform(-over * w, self.side - (1 - over) * w)) if over or w < self.side else (self.side - w) // 2
            y = int(rng.uniform(-over * h, self.side - (1 - over) * h)) if over or h < self.side else (self.side - h) // 2
            hidden = int((mask[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] < FIRST_BACKGROUND).sum())
            if hidden < least:
                best, least = (x, y), hidden
            if hidden < 0.15 * w * h:
                break
        x, y = best
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, self.side), min(y + h, self.side)
        if x1 <= x0 or y1 <= y0:
            return
        part = pixels[y0 - y : y1 - y, x0 - x : x1 - x]
        alpha = part[..., 3:] / 255.0
        under = picture[y0:y1, x0:x1].astype(np.float32)
        picture[y0:y1, x0:x1] = (under + (part[..., :3] - under) * alpha).astype(np.uint8)
        mask[y0:y1, x0:x1][part[..., 3] > 127] = sprite.label
