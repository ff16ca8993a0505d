"""Encode the scenes once: training then reads latents instead of pictures.

    python -m miniature.latents          (from scripts/; encodes every shard that has none yet)

Per shard: latents-NNN.pt {"128": float16 [n, 4, 32, 32], "64": float16 [n, 4, 16, 16]}, unscaled posterior means.
``scale.json`` holds 1 / standard deviation over the first shard, the bundle's latent scale.
"""

import argparse
import glob
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

from .bundle import load_autoencoder
from .config import cache


def to_images(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [n, S, S, 3] -> float [n, 3, S, S] in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


@torch.no_grad()
def encode(encoder: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Posterior means, unscaled."""
    with torch.autocast("cpu", torch.bfloat16):
        return encoder(images).float().chunk(2, 1)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder, _ = load_autoencoder()
    for masks in sorted(glob.glob(cache("scenes", "masks-???.npy"))):
        target = cache("latents", os.path.basename(masks).replace("masks", "latents").replace(".npy", ".pt"))
        if os.path.exists(target):
            continue
        pictures = np.load(masks.replace("masks", "pictures"))
        parts: dict = {"128": [], "64": []}
        for start in range(0, len(pictures), 50):
            images = to_images(pictures[start : start + 50])
            parts["128"].append(encode(encoder, images).half())
            parts["64"].append(encode(encoder, F.avg_pool2d(images, 2)).half())
        joined = {size: torch.cat(values) for size, values in parts.items()}
        if not os.path.exists(cache("latents", "scale.json")):
            with open(cache("latents", "scale.json"), "w", encoding="utf-8") as file:
                json.dump({"scale": 1 / joined["128"].float().std().item()}, file)
        torch.save(joined, target + ".part")
        os.replace(target + ".part", target)
        print(f"latents: {os.path.basename(target)}", flush=True)


if __name__ == "__main__":
    main()
