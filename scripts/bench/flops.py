"""The floating-point operations of an image at Stable Diffusion 2.1's full size, counted operator by operator.

    python -m bench.flops [--json out.json] [--steps 15] [--views 2] [--categories 3]          (from scripts/)

Everything runs on the meta device: shapes without values, so that it takes seconds and no memory. A multiplication and an
addition are two operations. Elementwise operators, which count for little beside products, are left out.
"""

import argparse
import json
import os
import sys
from typing import Callable, Dict

import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21  # noqa: E402
from architectures.export import build  # noqa: E402
from bench.method import cluster_loss, flags, head_weights, minmax  # noqa: E402

FRAME = 16


def count(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--views", type=int, default=2)
    parser.add_argument("--categories", type=int, default=3)
    options = parser.parse_args()

    with torch.device("meta"):
        modules = {name: build(SD21, name).eval().requires_grad_(False) for name in ("text_encoder", "vae_encoder", "unet")}
        unet = modules["unet"]
        ids = torch.zeros(1, 77, dtype=torch.long)
        picture = torch.zeros(1, 3, 512, 512)

        def read(latents: torch.Tensor, context: torch.Tensor, levels):
            time = torch.zeros(len(latents), 320)
            layers, weights = flags(levels, SD21.unet), head_weights("meta", levels, SD21.unet)
            return unet(latents, time, context, layers, layers, weights, weights, False, False)[1:]

        def step() -> None:
            context = torch.zeros(1, 77, 1024, requires_grad=True)
            self_maps, cross_maps = read(torch.zeros(options.views, 4, 64, 64), context, [2])
            attention, cross = self_maps[2], cross_maps[2]
            maps = minmax(attention @ cross[:, :, : options.categories])
            cluster_loss(attention, maps).backward()

        def predict() -> None:
            with torch.no_grad():
                self_maps, cross_maps = read(torch.zeros(1, 4, 64, 64), torch.zeros(1, 77, 1024), [0, 1, 2, 3])
                torch.zeros(1, 4096, 4096) @ torch.zeros(1, 4096, options.categories)

        def without_graph(work: Callable[[], object]) -> Callable[[], object]:
            return torch.no_grad()(work)

        flops: Dict[str, int] = {
            "text": count(without_graph(lambda: modules["text_encoder"](ids))),
            "encode": count(without_graph(lambda: modules["vae_encoder"](picture))),
            "step": count(step),
            "prediction": count(predict),
        }
    rest = flops["text"] + flops["prediction"] + options.steps * flops["step"]
    flops["image, views kept"] = rest + (1 + options.views) * flops["encode"]
    flops["image, fresh views"] = rest + (1 + options.steps * options.views) * flops["encode"]
    for name, value in flops.items():
        print(f"{name:18} {value / 1e9:10.1f} GFLOP")
    if options.json:
        report = {"format": "invseg-flops/1", "model": "stable-diffusion-2.1", "flops": flops}
        settings = {"steps": options.steps, "views": options.views, "categories": options.categories}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({**report, **settings}, file, indent=2)


if __name__ == "__main__":
    main()
