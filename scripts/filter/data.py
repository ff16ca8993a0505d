"""Batches of training scenes: features, from the files that filter.features wrote, and what the masks say of them."""

import glob
from typing import List, NamedTuple, Tuple

import numpy as np
import torch
from miniature.config import CLASSES, FIRST_BACKGROUND, cache
from torch import Tensor

from .features import PATCH

NOISE = 0.25  # added to the features: they are the same in every epoch, and another style's differ
LEAST = 16  # points of the 64 x 64 mask from which on a class is in the picture
GROUND = len(CLASSES)  # code of a patch without any class


class Batch(NamedTuple):
    features: Tensor  # [B, FEATURES, 8, 8]
    present: Tensor  # float [B, 20]
    patches: Tensor  # int64 [B, 64], the class that covers most of the patch where it covers a quarter, else GROUND
    masks: np.ndarray  # uint8 [B, 64, 64]


class Scenes:
    """The shards in memory (2 GB); the last one is kept for validation."""

    def __init__(self) -> None:
        names = sorted(glob.glob(cache("latents", "features-???.npy")))
        if not names:
            raise SystemExit(f"no features in {cache('latents')}: run filter.features first")
        masks = [name.replace("/latents/features-", "/scenes/masks-") for name in names]
        self.shards: List[Tuple[np.ndarray, np.ndarray]] = [
            (np.load(name), np.load(mask)) for name, mask in zip(names, masks)
        ]
        self.training = self.shards[:-1] or self.shards

    def draw(self, rng: np.random.Generator, count: int) -> Batch:
        """Random scenes, half of them mirrored, none of them without noise."""
        rows = [self.training[rng.integers(len(self.training))] for _ in range(count)]
        places = [int(rng.integers(len(masks))) for _, masks in rows]
        features = np.stack([shard[k] for (shard, _), k in zip(rows, places)]).astype(np.float32)
        masks = np.stack([shard[k] for (_, shard), k in zip(rows, places)])
        mirrored = rng.random(count) < 0.5
        features[mirrored], masks[mirrored] = features[mirrored][..., ::-1], masks[mirrored][..., ::-1]
        features += NOISE * rng.standard_normal(features.shape, np.float32)
        return to_batch(features, masks)

    def validation(self, count: int) -> Batch:
        features, masks = self.shards[-1]
        return to_batch(np.asarray(features[:count], np.float32), np.asarray(masks[:count]))


def to_batch(features: np.ndarray, masks: np.ndarray) -> Batch:
    side = PATCH // 2  # of a patch, in points of the mask
    cells = masks.reshape(len(masks), -1, side, masks.shape[2] // side, side).swapaxes(2, 3).reshape(len(masks), -1, side * side)
    counts = np.stack([(cells == code).sum(-1) for code in range(1, FIRST_BACKGROUND) if code <= GROUND], -1)  # [B, 64, 20]
    patches = np.where(counts.max(-1) >= side * side // 4, counts.argmax(-1), GROUND)
    present = counts.sum(1) >= LEAST
    return Batch(torch.from_numpy(features), torch.from_numpy(present).float(), torch.from_numpy(patches), masks)
