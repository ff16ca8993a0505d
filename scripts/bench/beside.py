"""A model in eager PyTorch beside the engine; ``npm run bench -- --peers`` writes the inputs and calls this.

    python -m bench.beside --inputs folder --kind straight --images 10 --warmup 2 --threads 2        (from scripts/)

The folder has ``case.json`` (weights, prompt, plan of the steps) and ``picture.u8``. Prints one JSON object: seconds of each image,
peak resident memory in bytes, the losses of all steps; and writes the labels to ``labels.u8``.
"""

import argparse
import json
import os
import resource
import sys
import time
from typing import Dict

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21, BundleConfig, miniature  # noqa: E402
from architectures.export import build  # noqa: E402
from bench.method import KINDS, Case, Peer, dtype_of  # noqa: E402
from bench.tensors import TensorFiles  # noqa: E402


def configuration(given: dict) -> BundleConfig:
    if given["name"] != "miniature":
        return SD21
    tables = (tensor for tensor in given["weights"]["textEncoder"] if "token_embedding" in tensor["name"])
    return miniature(next(tables)["shape"][0])


def build_modules(given: dict, config: BundleConfig, dtype: torch.dtype) -> Dict[str, torch.nn.Module]:
    """The networks with the weights that the case names: tensors of safetensors files, by file, type, shape and bytes."""
    modules, files = {}, TensorFiles()
    for own, name in (("text_encoder", "textEncoder"), ("vae_encoder", "vaeEncoder"), ("unet", "unet")):
        with torch.device("meta"):
            module = build(config, own).eval().requires_grad_(False)
        module.to_empty(device="cpu")
        module.to(dtype)
        tensors = {
            tensor["name"]: files.read(tensor["file"], tensor["dtype"], tensor["shape"], tensor["begin"], tensor["end"])
            for tensor in given["weights"][name]
        }
        module.load_state_dict(tensors, strict=True)
        modules[own] = module
    return modules


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
    config = configuration(given)
    modules = build_modules(given, config, dtype_of(options.kind))
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
