"""The method in eager PyTorch at Stable Diffusion 2.1's full size, beside the engine: on the same weights, crops, timesteps and noise.

    invseg_bench --weights /tmp/sd21 --images 0 --inputs /tmp/inputs        (writes what all of them see)
    python -m bench.peers --weights /tmp/sd21 --inputs /tmp/inputs --device cuda [--only straight|tuned|compiled]

What each kind is, ``bench.method`` says. All print the losses of the 15 steps, so that nobody wins by doing less.
"""

import argparse
import json
import os
import sys
import time
from typing import Dict

import torch
from torch import Tensor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21  # noqa: E402
from architectures.export import build  # noqa: E402
from bench.method import KINDS, Case, Peer, dtype_of  # noqa: E402
from bench.tensors import TensorFiles  # noqa: E402

CATEGORIES = 3
WIDTH, HEIGHT = 640, 480


def case() -> Case:
    ids = torch.zeros(1, 77, dtype=torch.long)
    ids[0, 0], ids[0, 1 + 2 * CATEGORIES] = 49406, 49407
    ids[0, 1 : 1 + 2 * CATEGORIES] = 320 + 977 * torch.arange(2 * CATEGORIES)
    return Case(
        config=SD21,
        image=512,
        latent=64,
        latent_scale=0.18215,
        training=2,
        cross={2: 1.0},
        self={level: weight / 15 for level, weight in enumerate((8, 4, 2, 1))},
        ids=ids,
        spans=[(1 + 2 * i, 2) for i in range(CATEGORIES)],
        width=WIDTH,
        height=HEIGHT,
        prediction_seed=11,
        prediction_timestep=50,
    )


def load(folder: str, device: str, dtype: torch.dtype) -> Dict[str, torch.nn.Module]:
    modules = {}
    for name in ("text_encoder", "vae_encoder", "unet"):
        with torch.device("meta"):
            modules[name] = build(SD21, name).eval().requires_grad_(False)
        modules[name].to_empty(device=device)
        modules[name].to(dtype)
    tensors: Dict[str, Dict[str, Tensor]] = {name: {} for name in modules}
    files = TensorFiles()
    with open(os.path.join(folder, "index.tsv"), encoding="utf-8") as index:
        for line in index:
            module, name, file, kind, shape, begin, end = line.rstrip("\n").split("\t")
            sizes = [int(size) for size in shape.split(",")]
            tensors[module][name] = files.read(os.path.join(folder, file), kind, sizes, int(begin), int(end))
    for name, module in modules.items():
        module.load_state_dict(tensors[name], strict=True)
    return modules


def read_inputs(folder: str):
    with open(os.path.join(folder, "picture.u8"), "rb") as file:
        rgb = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(HEIGHT, WIDTH, 3)
    plan = []
    with open(os.path.join(folder, "plan.tsv"), encoding="utf-8") as file:
        for line in file:
            timestep, seed, *boxes = line.split("\t")
            values = [float(value) for value in boxes]
            views = [values[i : i + 4] for i in range(0, len(values), 4)]
            plan.append({"timestep": int(timestep), "seed": int(seed), "boxes": views})
    return rgb, plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, help="only the first steps of the plan")
    parser.add_argument("--kept", action="store_true", help="the first step's views in every step, encoded once")
    parser.add_argument("--json")
    options = parser.parse_args()
    rgb, plan = read_inputs(options.inputs)
    plan = plan[: options.steps]
    if options.kept:
        plan = [{**step, "boxes": plan[0]["boxes"], "kept": i > 0} for i, step in enumerate(plan)]
    cuda = options.device.startswith("cuda")
    rows = []
    for kind in options.only or KINDS:
        modules = load(options.weights, options.device, dtype_of(kind))
        peer = Peer(modules, case(), options.device, kind)
        times = []
        for run in range(options.runs + (2 if cuda else 0)):
            if cuda:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            start = time.perf_counter()
            losses, _ = peer.segment(rgb, plan)
            if cuda:
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        measured = sorted(times[-options.runs :])
        row = {
            "peer": kind,
            "dtype": str(peer.dtype).removeprefix("torch."),
            "seconds": measured[len(measured) // 2],
            "first": times[0],
            "kept": options.kept,
            "peak": torch.cuda.max_memory_allocated() if cuda else 0,
            "reserved": torch.cuda.max_memory_reserved() if cuda else 0,
            "losses": losses,
        }
        rows.append(row)
        print(
            f"{kind:10} {row['dtype']:9} {row['seconds']:.3f} s an image (first {row['first']:.1f} s), "
            f"tensors {row['peak'] / 2**30:.2f} GiB, reserved {row['reserved'] / 2**30:.2f} GiB, losses {losses[0]:.5f} to {losses[-1]:.5f}",
            flush=True,
        )
        del peer, modules
        if cuda:
            torch.cuda.empty_cache()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"torch": torch.__version__, "device": options.device, "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()
