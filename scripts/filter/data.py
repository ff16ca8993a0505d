"""Batches of training scenes, from the shards that miniature.scenes wrote."""

import glob
from typing import List, NamedTuple, Tuple

import numpy as np
import torch
from miniature.config import CLASSES, FIRST_BACKGROUND, cache
from torch import Tensor

from .config import DEVIATION, MEAN, PATCH, PICTURE

LEAST = 16  # points of the 64 x 64 mask from which on a class is in the picture
GROUND = len(CLASSES)  # code of a patch without any class


class Batch(NamedTuple):
    pixels: Tensor  # [B, 3, 128, 128], normalised
    present: Tensor  # float [B, 20]
    patches: Tensor  # int64 [B, 64], the class that covers most of the patch where it covers a quarter, else GROUND
    masks: np.ndarray  # uint8 [B, 64, 64]


class Scenes:
    """The shards as memory maps; the last one is kept for validation."""

    def __init__(self) -> None:
        names = sorted(glob.glob(cache("scenes", "masks-*.npy")))
        if not names:
            raise SystemExit(f"no scenes in {cache('scenes')}: run miniature.scenes first")
        self.shards: List[Tuple[np.ndarray, np.ndarray]] = [
            (np.load(name.replace("masks-", "pictures-"), mmap_mode="r"), np.load(name, mmap_mode="r")) for name in names
        ]
        self.training = self.shards[:-1] or self.shards

    def draw(self, rng: np.random.Generator, count: int) -> Batch:
        """Random scenes, mirrored, shifted, brighter or darker, now and then without colour."""
        pictures = np.empty((count, PICTURE, PICTURE, 3), np.uint8)
        masks = np.empty((count, PICTURE // 2, PICTURE // 2), np.uint8)
        for i in range(count):
            shard_pictures, shard_masks = self.training[rng.integers(len(self.training))]
            k = rng.integers(len(shard_masks))
            pictures[i], masks[i] = augment(rng, shard_pictures[k], shard_masks[k])
        gain, lift = rng.uniform(0.8, 1.2, (count, 1, 1, 3)), rng.uniform(-20, 20, (count, 1, 1, 1))
        values = pictures * gain.astype(np.float32) + lift.astype(np.float32)
        grey = rng.random(count) < 0.05
        values[grey] = values[grey].mean(-1, keepdims=True)
        return to_batch(np.clip(values, 0, 255), masks)

    def validation(self, count: int) -> Batch:
        pictures, masks = self.shards[-1]
        return to_batch(np.asarray(pictures[:count], np.float32), np.asarray(masks[:count]))


def augment(rng: np.random.Generator, picture: np.ndarray, mask: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    if rng.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    # Shifts of even numbers of pixels keep the mask's points on the picture's; what leaves one side is repeated at the edge.
    dy, dx = rng.integers(-8, 9, 2)
    return shift(shift(picture, 2 * dy, 0), 2 * dx, 1), shift(shift(mask, dy, 0), dx, 1)


def shift(values: np.ndarray, by: int, axis: int) -> np.ndarray:
    size = values.shape[axis]
    return values.take(np.clip(np.arange(size) - by, 0, size - 1), axis=axis)


def to_batch(pictures: np.ndarray, masks: np.ndarray) -> Batch:
    pixels = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2) / 255.0
    pixels = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)
    side = PATCH // 2  # of a patch, in points of the mask
    cells = masks.reshape(len(masks), -1, side, masks.shape[2] // side, side).swapaxes(2, 3).reshape(len(masks), -1, side * side)
    counts = np.stack([(cells == code).sum(-1) for code in range(1, FIRST_BACKGROUND) if code <= GROUND], -1)  # [B, 64, 20]
    patches = np.where(counts.max(-1) >= side * side // 4, counts.argmax(-1), GROUND)
    present = counts.sum(1) >= LEAST
    return Batch(pixels.float(), torch.from_numpy(present).float(), torch.from_numpy(patches), masks)
