"""Raw little-endian arrays on disk, through memory maps: no numpy is needed."""

import os
from typing import List

import torch
from torch import Tensor


def write_raw(path: str, value: Tensor) -> None:
    """The tensor's elements, row-major, in its own type."""
    if os.path.exists(path):
        os.remove(path)  # a shorter array would leave the old file's end behind
    flat = value.detach().contiguous().flatten()
    torch.from_file(path, shared=True, size=flat.numel(), dtype=flat.dtype).copy_(flat)


def read_raw(path: str, shape: List[int], dtype: torch.dtype) -> Tensor:
    count = 1
    for side in shape:
        count *= side
    if os.path.getsize(path) != count * dtype.itemsize:
        raise ValueError(f"{path}: {os.path.getsize(path)} bytes do not hold {shape} of {dtype}")
    return torch.from_file(path, shared=False, size=count, dtype=dtype).view(shape)
