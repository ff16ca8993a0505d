"""Script the architectures to weightless TorchScript.

    python -m architectures.export --out ../models/sd21                             (from scripts/)
    python -m architectures.export --out ../models/miniature --vocabulary 752       (the miniature's sizes)

A weightless module is code: each parameter is one zero expanded to the parameter's shape (stride 0), so the file has
kilobytes. The engine replaces every parameter by a tensor of a safetensors file before the first call.
"""

import argparse
import os
from typing import Callable

import torch
from torch import nn

from .configs import SD21, BundleConfig, miniature
from .text_encoder import TextEncoder
from .unet import UNet
from .vae_encoder import VaeEncoder

# TorchScript is deprecated in Python from torch 2.11 on, and its errors will come in a later one: what is written is written with
# this release, and its hashes are known (lib/models/known-code.ts).
TORCH = "2.13"


def check_torch() -> None:
    """End where another release of torch would write the modules."""
    if torch.__version__.split(".")[:2] != TORCH.split("."):
        raise SystemExit(f"Expected torch {TORCH} to write TorchScript but found {torch.__version__}: pip install torch=={TORCH}.0")


# Modules by the name that a manifest gives them.
MODULES = ("text_encoder", "vae_encoder", "unet")


def build(config: BundleConfig, name: str) -> nn.Module:
    """The module ``name`` of a bundle, with PyTorch's default initialisation."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "text_encoder": lambda: TextEncoder(config.text_encoder),
        "vae_encoder": lambda: VaeEncoder(config.vae_encoder),
        "unet": lambda: UNet(config.unet),
    }
    return makers[name]()


def make_weightless(module: nn.Module) -> nn.Module:
    """Replace every parameter in place by an expanded scalar of the same shape that needs no gradient."""
    for child in module.modules():
        for name, parameter in list(child.named_parameters(recurse=False)):
            scalar = torch.zeros((), dtype=torch.float32).expand(parameter.shape)
            setattr(child, name, nn.Parameter(scalar, requires_grad=False))
    return module


def export(config: BundleConfig, folder: str) -> None:
    """Write ``text_encoder.pt``, ``vae_encoder.pt`` and ``unet.pt`` of ``config`` to ``folder``."""
    check_torch()
    os.makedirs(folder, exist_ok=True)
    for name in MODULES:
        with torch.device("meta"):  # shapes only: the full-size U-Net would take 3.5 GB otherwise
            module = build(config, name)
        scripted = torch.jit.script(make_weightless(module).eval())
        scripted.save(os.path.join(folder, f"{name}.pt"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder of the three .pt files")
    parser.add_argument("--vocabulary", type=int, help="tokens of a miniature; without it Stable Diffusion 2.1")
    arguments = parser.parse_args()
    export(miniature(arguments.vocabulary) if arguments.vocabulary else SD21, arguments.out)
