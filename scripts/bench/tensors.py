"""Tensors out of safetensors files by the bytes that hold them, as the engine is given them."""

import os
from typing import Dict, List

import torch
from torch import Tensor

TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


class TensorFiles:
    """Maps each file once."""

    def __init__(self) -> None:
        self.files: Dict[str, Tensor] = {}

    def read(self, path: str, dtype: str, shape: List[int], begin: int, end: int) -> Tensor:
        """A copy of the bytes from ``begin`` to ``end`` of the file, as a tensor of ``shape``."""
        if path not in self.files:
            self.files[path] = torch.from_file(path, shared=False, size=os.path.getsize(path), dtype=torch.uint8)
        return self.files[path][begin:end].clone().view(TYPES[dtype]).view(shape)
