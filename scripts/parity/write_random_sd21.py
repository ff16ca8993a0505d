"""Write a full-size Stable Diffusion 2.1 folder (diffusers layout) with random weights.

    python scripts/parity/write_random_sd21.py --out /tmp/sd21 [--dtype float32|float16|bfloat16] [--seed 0]

Every tensor follows from the seed and its own name, so that two dtypes hold the same values up to rounding. One tensor
is in memory at a time. Layers are initialised as PyTorch does by default, with two changes: the queries and keys are
larger, so that attention is not flat, and the norms' affine parameters are not 1 and 0, so that a loader that mixes
them up is found out.
"""

import argparse
import json
import math
import os
import sys
import time
import zlib
from typing import Dict, List

import torch
from torch import Tensor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21  # noqa: E402
from architectures.export import build  # noqa: E402
from parity.clip_vocabulary import clip_vocabulary  # noqa: E402
from parity.sd21_configs import FILES  # noqa: E402
from parity.vae_decoder_shapes import vae_decoder_shapes  # noqa: E402
from reference.safetensors_file import write_safetensors  # noqa: E402

SUFFIX = {"float32": "", "float16": ".fp16", "bfloat16": ""}  # the .fp16 spelling is the published one
POSITION_IDS = "text_model.embeddings.position_ids"  # a buffer that older text encoders carry


def shapes_of(name: str) -> Dict[str, List[int]]:
    """Parameter names and shapes of one of our modules, without allocating it."""
    with torch.device("meta"):
        return {key: list(value.shape) for key, value in build(SD21, name).named_parameters()}


def make_tensor(name: str, shapes: Dict[str, List[int]], seed: int, attention_gain: float) -> Tensor:
    """The tensor ``name``, float32 (the position ids: int64)."""
    if name == POSITION_IDS:
        return torch.arange(shapes[name][1])[None]
    generator = torch.Generator().manual_seed(seed * 1_000_003 + zlib.crc32(name.encode()))
    shape = shapes[name]
    owner = name.rsplit(".", 1)[0]
    weight_shape = shapes[f"{owner}.weight"]
    if len(weight_shape) == 1:  # a norm
        base = 1.0 if name.endswith(".weight") else 0.0
        return base + 0.1 * torch.randn(shape, generator=generator)
    if "_embedding" in name and len(shape) == 2 and name.startswith("text_model"):
        return torch.randn(shape, generator=generator)  # nn.Embedding
    bound = 1.0 / math.sqrt(math.prod(weight_shape[1:]))  # nn.Linear and nn.Conv2d, weight and bias alike
    if owner.endswith(("to_q", "to_k", "q_proj", "k_proj")):
        bound *= attention_gain
    return (torch.rand(shape, generator=generator) * 2 - 1) * bound


def write_model(path: str, shapes: Dict[str, List[int]], dtype: torch.dtype, seed: int, attention_gain: float) -> int:
    entries = [(name, shape, torch.int64 if name == POSITION_IDS else dtype) for name, shape in shapes.items()]
    return write_safetensors(path, entries, lambda name: make_tensor(name, shapes, seed, attention_gain))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="the folder; it is made")
    parser.add_argument("--dtype", choices=list(SUFFIX), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--attention-gain", type=float, default=2.5, help="factor of the query and key projections")
    parser.add_argument("--clip-vocabulary", help="gzipped merges, a header line first; by default those of the tests")
    options = parser.parse_args()

    for name, content in FILES.items():
        path = os.path.join(options.out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
    vocabulary, merges = clip_vocabulary(options.clip_vocabulary)
    with open(os.path.join(options.out, "tokenizer/vocab.json"), "w", encoding="utf-8") as file:
        json.dump(vocabulary, file, ensure_ascii=False)
    with open(os.path.join(options.out, "tokenizer/merges.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(["#version: 0.2", *merges]) + "\n")
    if not merges:
        print("no CLIP merges found: the tokenizer splits every word into its letters", file=sys.stderr)

    vae = shapes_of("vae_encoder")
    config = SD21.vae_encoder
    vae.update(vae_decoder_shapes(config.channels, config.layers_per_block, config.latent_channels))
    text = {**shapes_of("text_encoder"), POSITION_IDS: [1, SD21.text_encoder.length]}
    suffix = SUFFIX[options.dtype]
    for path, shapes in (
        (f"text_encoder/model{suffix}.safetensors", text),
        (f"vae/diffusion_pytorch_model{suffix}.safetensors", vae),
        (f"unet/diffusion_pytorch_model{suffix}.safetensors", shapes_of("unet")),
    ):
        start = time.time()
        size = write_model(
            os.path.join(options.out, path), shapes, getattr(torch, options.dtype), options.seed, options.attention_gain
        )
        print(f"{path}: {len(shapes)} tensors, {size / 1e9:.2f} GB, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
