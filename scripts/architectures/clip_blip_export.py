"""Script CLIP and BLIP to weightless TorchScript.

    python -m architectures.clip_blip_export --size full --clip ../models/clip --blip ../models/blip   (from scripts/)
"""

import argparse
import os
from typing import Callable, Dict, Tuple

import torch
from torch import nn

from .bert_decoder import DecoderConfig, TextDecoder
from .blip import BlipConfig, VisionConfig, VisionEncoder
from .clip import ClipConfig, ImageEncoder, TextEncoder, TowerConfig
from .export import check_torch, make_weightless

CLIP_L14 = ClipConfig(
    image=TowerConfig(width=1024, layers=24, heads=16, mlp_width=4096),
    text=TowerConfig(width=768, layers=12, heads=12, mlp_width=3072),
    image_size=224,
    patch=14,
    vocabulary=49408,
    length=77,
    projection=768,
)
BLIP_LARGE = BlipConfig(
    vision=VisionConfig(image_size=384, patch=16, width=1024, layers=24, heads=16, mlp_width=4096),
    decoder=DecoderConfig(
        vocabulary=30524, length=512, width=768, image_width=1024, layers=12, heads=12, mlp_width=3072
    ),
)

# For the tests. Every width differs from the others, so that none can stand in for another.
CLIP_TINY = ClipConfig(
    image=TowerConfig(width=24, layers=2, heads=3, mlp_width=40),
    text=TowerConfig(width=20, layers=2, heads=2, mlp_width=36),
    image_size=28,
    patch=7,
    vocabulary=800,
    length=24,
    projection=16,
)
BLIP_TINY = BlipConfig(
    vision=VisionConfig(image_size=32, patch=8, width=24, layers=2, heads=3, mlp_width=44),
    decoder=DecoderConfig(vocabulary=1200, length=40, width=20, image_width=24, layers=2, heads=2, mlp_width=36),
)
SIZES = {"full": (CLIP_L14, BLIP_LARGE), "tiny": (CLIP_TINY, BLIP_TINY)}


def clip_modules(config: ClipConfig) -> Dict[str, nn.Module]:
    """The modules of a CLIP bundle by the names of their files."""
    return {"image_encoder": ImageEncoder(config), "text_encoder": TextEncoder(config)}


def blip_modules(config: BlipConfig) -> Dict[str, nn.Module]:
    """The modules of a BLIP bundle by the names of their files."""
    return {"vision_encoder": VisionEncoder(config.vision), "text_decoder": TextDecoder(config.decoder)}


def export(configs: Tuple[ClipConfig, BlipConfig], clip_folder: str, blip_folder: str) -> None:
    """Write the four ``.pt`` files of ``configs``."""
    write_scripts(lambda: clip_modules(configs[0]), clip_folder)
    write_scripts(lambda: blip_modules(configs[1]), blip_folder)


def write_scripts(modules: Callable[[], Dict[str, nn.Module]], folder: str) -> None:
    """A weightless ``.pt`` file for each of the modules, which are made without memory: only their shapes matter."""
    check_torch()
    with torch.device("meta"):
        made = modules()
    os.makedirs(folder, exist_ok=True)
    for name, module in made.items():
        torch.jit.script(make_weightless(module).eval()).save(os.path.join(folder, f"{name}.pt"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--clip", required=True, help="folder of CLIP's two .pt files")
    parser.add_argument("--blip", required=True, help="folder of BLIP's two .pt files")
    arguments = parser.parse_args()
    export(SIZES[arguments.size], arguments.clip, arguments.blip)
