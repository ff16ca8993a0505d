"""Weights and pictures that follow from names and numbers alone, the same here and in test/vision-language/made.ts.

Integers of 32 bits and float64 that is rounded once: both sides get the same bits.
"""

import math
import zlib
from typing import Dict, Sequence

import numpy as np

END_BIAS = 5.0  # added to the end token's logit, so that captions of random weights end at all
END_BIAS_NAME = "text_decoder.cls.predictions.bias"


def uniform(name: str, count: int) -> np.ndarray:
    """[count] float64 in [-1, 1) from the CRC-32 of ``name`` and the index, mixed as MurmurHash3 does at its end."""
    x = (np.uint32(zlib.crc32(name.encode())) + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2.0**31 - 1.0


def weights(name: str, shape: Sequence[int], end: int) -> np.ndarray:
    """float32 values of the tensor ``name``: norms about 1, biases about 0, tables of variance 1, layers of variance 2 / fan-in.

    Only square roots and products, which are rounded alike everywhere.
    """
    values = uniform(name, math.prod(shape))
    if name.endswith("bias") or name.endswith("class_embedding"):
        values *= 0.1
        if name == END_BIAS_NAME:
            values[end] += END_BIAS
    elif len(shape) == 1:
        values = 1.0 + 0.1 * values
    elif "embedding" in name and "patch" not in name:
        values *= math.sqrt(3.0)
    else:
        values *= math.sqrt(6.0 / math.prod(shape[1:]))
    return values.astype(np.float32).reshape(shape)


def all_weights(shapes: Dict[str, Sequence[int]], end: int = 0) -> Dict[str, np.ndarray]:
    return {name: weights(name, shape, end) for name, shape in shapes.items()}


def picture(seed: int, width: int, height: int) -> np.ndarray:
    """[height, width, 3] bytes: ramps that wrap around and hyperbolas, so smooth parts and sharp edges."""
    x = np.arange(width, dtype=np.int64)[None, :, None]
    y = np.arange(height, dtype=np.int64)[:, None, None]
    c = np.arange(3, dtype=np.int64)[None, None, :]
    return ((x * (3 + c) + y * (5 + 2 * c) * seed + ((x * y) >> 3)) & 255).astype(np.uint8)
