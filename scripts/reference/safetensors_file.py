"""Reading and writing of safetensors with torch alone, so that any Python that has LibTorch beside it can run this."""

import json
import os
import struct
from typing import Callable, Dict, Iterable, List, Tuple

import torch
from torch import Tensor

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def read_safetensors(path: str) -> Dict[str, Tensor]:
    """Every tensor of a file, as views of one private memory map (nothing is read before it is used)."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    data = torch.from_file(path, shared=False, size=size, dtype=torch.uint8)
    tensors: Dict[str, Tensor] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        dtype = DTYPES[entry["dtype"]]
        raw = data[begin:end]
        if begin % dtype.itemsize:  # a view needs an aligned start
            raw = raw.clone()
        tensors[name] = raw.view(dtype).view(entry["shape"])
    return tensors


def write_safetensors(
    path: str, entries: Iterable[Tuple[str, List[int], torch.dtype]], make: Callable[[str], Tensor]
) -> int:
    """Write tensors one after the other, ``make(name)`` giving each; only one is in memory. Returns the bytes."""
    header: Dict[str, dict] = {}
    offset = 0
    for name, shape, dtype in entries:
        count = 1
        for side in shape:
            count *= side
        end = offset + count * dtype.itemsize
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data starts at a multiple of 8
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, entry in header.items():
            tensor = make(name).to(DTYPES[entry["dtype"]]).contiguous()
            if list(tensor.shape) != entry["shape"]:
                raise ValueError(f"{name}: made {list(tensor.shape)}, announced {entry['shape']}")
            file.write(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return 8 + len(text) + offset
