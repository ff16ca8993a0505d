"""How far LibTorch's antialiased bicubic is from Pillow's, in bytes: why the engine resizes pictures by itself.

    cd scripts && python -m parity.vision_language_pictures [PICTURE ...]

Without pictures: those of the miniature (models/miniature/pictures) and the made ones of the tests. Sides as CLIP (224, the
shorter side) and BLIP (384 x 384) want them.
"""

import glob
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from parity.vision_language_goldens import SIZES
from parity.vision_language_weights import picture

HERE = os.path.dirname(os.path.abspath(__file__))


def sides(width: int, height: int):
    shorter = min(width, height)
    return (224 * width // shorter, 224 * height // shorter), (384, 384)


def main() -> None:
    names = sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "..", "..", "models", "miniature", "pictures", "*.png")))
    images = [(os.path.basename(name), np.asarray(Image.open(name).convert("RGB"))) for name in names]
    if not sys.argv[1:]:
        images += [(f"made {seed}", picture(seed, w, h)) for seed, w, h in SIZES if w * h > 1 and max(w, h) < 3 * min(w, h)]
    for kind in ("bytes", "float32"):
        largest, total, different, count = 0.0, 0.0, 0, 0
        for _, image in images:
            for width, height in sides(image.shape[1], image.shape[0]):
                pillow = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC), np.float64)
                tensor = torch.from_numpy(image.copy()).permute(2, 0, 1)[None]
                tensor = tensor if kind == "bytes" else tensor.float()
                ours = F.interpolate(tensor, (height, width), mode="bicubic", antialias=True)[0].permute(1, 2, 0)
                ours = ours.double().round().clamp(0, 255).numpy()
                gap = np.abs(ours - pillow)
                largest, total = max(largest, gap.max()), total + gap.sum()
                different, count = different + int((gap > 0).sum()), count + gap.size
        print(
            f"LibTorch on {kind}: largest difference {largest:.0f} levels, mean {total / count:.4f}, "
            f"{100 * different / count:.2f} % of the values differ ({len(images)} pictures, torch {torch.__version__})"
        )


if __name__ == "__main__":
    main()
