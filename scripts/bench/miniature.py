"""The miniature in eager PyTorch beside the engine; ``npm run bench -- --peers`` writes the inputs and calls this.

    python -m bench.miniature --inputs folder --kind straight --images 10 --warmup 2 --threads 2        (from scripts/)

The folder has ``case.json`` (model, prompt, plan of the steps) and ``picture.u8``. Prints one JSON object: seconds of each image,
peak resident memory in bytes, the losses of all steps; and writes the labels to ``labels.u8``.
"""

import argparse
import json
import os
import resource
import struct
import sys
import time
from typing import Dict

import torch
from torch import Tensor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import miniature  # noqa: E402
from architectures.export import build  # noqa: E402
from bench.method import KINDS, Case, Peer, dtype_of  # noqa: E402

TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def safetensors(path: str) -> Dict[str, Tensor]:
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = torch.frombuffer(data[begin:end], dtype=TYPES[entry["dtype"]]).view(entry["shape"])
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--kind", choices=KINDS, default="straight")
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    with open(os.path.join(options.inputs, "case.json"), encoding="utf-8") as file:
        given = json.load(file)
    folder = given["folder"]
    weights = {name: safetensors(os.path.join(folder, f"{name}.safetensors")) for name in ("text_encoder", "vae_encoder", "unet")}
    vocabulary = next(tensor.shape[0] for name, tensor in weights["text_encoder"].items() if "token_embedding" in name)
    config = miniature(vocabulary)
    modules = {}
    for name, tensors in weights.items():
        modules[name] = build(config, name).eval().requires_grad_(False)
        modules[name].load_state_dict(tensors, strict=True)
        modules[name].to(dtype_of(options.kind))
    levels = {"cross": {}, "self": {}}
    for kind, table in levels.items():
        table.update({(given["latent"] // int(side)).bit_length() - 1: weight for side, weight in given[kind].items()})
    case = Case(
        config=config,
        image=given["image"],
        latent=given["latent"],
        latent_scale=given["latentScale"],
        training=(given["latent"] // given["frame"]).bit_length() - 1,
        cross=levels["cross"],
        self=levels["self"],
        ids=torch.tensor([given["ids"]]),
        spans=[tuple(span) for span in given["spans"]],
        width=given["width"],
        height=given["height"],
        prediction_seed=given["predictionSeed"],
        prediction_timestep=given["predictionTimestep"],
        betas=tuple(given["betas"]),
    )
    peer = Peer(modules, case, "cpu", options.kind)
    with open(os.path.join(options.inputs, "picture.u8"), "rb") as file:
        picture = bytearray(file.read())
    seconds = []
    for _ in range(options.warmup + options.images):
        start = time.perf_counter()
        rgb = torch.frombuffer(picture, dtype=torch.uint8).view(case.height, case.width, 3)
        losses, labels = peer.segment(rgb, given["plan"])
        seconds.append(time.perf_counter() - start)
    with open(os.path.join(options.inputs, "labels.u8"), "wb") as file:
        file.write(bytes(labels.flatten().tolist()))
    row = {
        "kind": options.kind,
        "dtype": str(peer.dtype).removeprefix("torch."),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "seconds": seconds[options.warmup :],
        "peakMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "losses": losses,
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
