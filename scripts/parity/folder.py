"""Our eager modules with the weights of a diffusers folder, and the inputs that every comparison uses."""

import os
import sys
from typing import Dict, Tuple

import torch
from torch import Tensor, nn

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21  # noqa: E402
from architectures.export import build  # noqa: E402
from reference.safetensors_file import read_safetensors  # noqa: E402

FILES = {
    "text_encoder": "text_encoder/model",
    "vae_encoder": "vae/diffusion_pytorch_model",
    "unet": "unet/diffusion_pytorch_model",
}


def weights_of(folder: str, name: str) -> Dict[str, Tensor]:
    """All tensors of a module's file, mapped into memory; the file may have the ``.fp16`` spelling."""
    stem = os.path.join(folder, FILES[name])
    path = f"{stem}.safetensors" if os.path.exists(f"{stem}.safetensors") else f"{stem}.fp16.safetensors"
    return read_safetensors(path)


def load_module(folder: str, name: str) -> nn.Module:
    """Our module in eval mode; its parameters are the mapped file, converted to float32 where they are narrower."""
    with torch.device("meta"):
        module = build(SD21, name)
    weights = weights_of(folder, name)
    names = {key for key, _ in module.named_parameters()}
    missing = names - set(weights)
    if missing:
        raise KeyError(f"{name}: missing {sorted(missing)[:5]}")
    module.load_state_dict({key: weights[key].float() for key in names}, assign=True)
    return module.eval().requires_grad_(False)


def example_ids(seed: int = 0) -> Tensor:
    """[1, 77] start, five ordinary tokens, end, padding (id 0)."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.zeros(1, 77, dtype=torch.int64)
    ids[0, 0] = 49406
    ids[0, 1:6] = torch.randint(1000, 40000, (5,), generator=generator)
    ids[0, 6] = 49407
    return ids


def example_picture(size: int) -> Tensor:
    """uint8 [size, size, 3]: three coloured waves under two discs, the same on every machine."""
    line = torch.linspace(0, 1, size, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    waves = ((3, 1, 0), (1, 4, 1), (2, -3, 2))
    channels = [0.5 + 0.35 * torch.sin(2 * torch.pi * (a * x + b * y) + c) for a, b, c in waves]
    picture = torch.stack(channels, -1)
    for cx, cy, radius, colour in ((0.3, 0.4, 0.2, (0.9, 0.2, 0.1)), (0.7, 0.65, 0.15, (0.1, 0.3, 0.9))):
        inside = ((x - cx) ** 2 + (y - cy) ** 2) < radius**2
        picture[inside] = torch.tensor(colour, dtype=torch.float64)
    return (picture * 255).round().to(torch.uint8)


def to_network(picture: Tensor) -> Tensor:
    """uint8 [h, w, 3] -> float32 [1, 3, h, w] in [-1, 1]."""
    return (picture.permute(2, 0, 1)[None].float() / 255) * 2 - 1


def errors(ours: Tensor, theirs: Tensor) -> Tuple[float, float]:
    """(largest absolute difference, norm of the difference over the norm of theirs)."""
    difference = ours.double() - theirs.double()
    return difference.abs().max().item(), (difference.norm() / theirs.double().norm()).item()
