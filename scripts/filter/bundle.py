"""Write the trained filter beside the miniature, whose weights it shares: contrastive.json, captioner.json and filter/.

    python -m filter.bundle [--out ../models/miniature]          (from scripts/)
"""

import argparse
import json
import os
from typing import Dict

import torch
from architectures.clip_blip_export import write_scripts
from miniature.config import BUNDLES, PICTURE, cache
from miniature.tokenizer import WordTokenizer
from safetensors.torch import save_file
from torch import Tensor

from .config import blip_config, blip_parts, clip_config, clip_parts
from .features import DEVIATION, MEAN, trained_features
from .texts import END, CaptionTokenizer

VERSION = "1"
FOLDER = "filter"
# Kind of the manifest -> checkpoint, and its modules: name, script, part of the training network.
KINDS = {
    "contrastive": ("filter-contrastive.pt", [("imageEncoder", "image_encoder", "image"), ("textEncoder", "text_encoder", "text")]),
    "captioner": ("filter-captioner.pt", [("visionEncoder", "vision_encoder", "vision"), ("textDecoder", "text_decoder", "decoder")]),
}
SEEING = ("image_encoder", "vision_encoder")
PATCHES = "vision_model.embeddings.patch_embedding."


def weights(script: str) -> list:
    """The module's own file and, for those that see, the miniature's."""
    parts = [{"file": f"{FOLDER}/{script}.safetensors"}]
    if script in SEEING:
        parts += [{"file": f"{own}.safetensors", "prefix": f"{PATCHES}{name}."} for name, own in (("vae", "vae_encoder"), ("unet", "unet"))]
    return parts


def manifest(kind: str) -> dict:
    words, captions = WordTokenizer(), CaptionTokenizer()
    tokenizer = {
        "contrastive": {"folder": "tokenizer", "length": clip_config().length, "bos": words.start, "eos": words.end, "pad": words.end},
        "captioner": {"folder": f"{FOLDER}/tokenizer", "length": blip_config().decoder.length, "start": captions.start, "end": END},
    }[kind]
    return {
        "format": "invseg-bundle/1",
        "kind": kind,
        "name": f"miniature-{kind}",
        "version": VERSION,
        "license": "Apache-2.0",
        "source": "scripts/filter",
        "modules": {name: {"script": f"{FOLDER}/{script}.pt", "weights": weights(script)} for name, script, _ in KINDS[kind][1]},
        "tokenizer": tokenizer,
        "picture": {"size": PICTURE, "crop": False, "mean": MEAN, "deviation": DEVIATION},
    }


def constants() -> Dict[str, Tensor]:
    """What the module that sees has besides the linear map and the miniature's two networks."""
    own = dict(trained_features().named_parameters(recurse=False))
    return {PATCHES + name: tensor.detach() for name, tensor in own.items() if name not in ("weight", "bias")}


def write_weights(kind: str, folder: str) -> int:
    checkpoint, modules = KINDS[kind]
    average = torch.load(cache(checkpoint), weights_only=True)["average"]
    size = 0
    for _, script, own in modules:
        tensors = {k[len(own) + 1 :]: v for k, v in average.items() if k.startswith(own + ".")}
        if script in SEEING:
            tensors |= constants()
        path = os.path.join(folder, f"{script}.safetensors")
        save_file({k: v.half().contiguous() for k, v in tensors.items()}, path)
        os.chmod(path, 0o644)  # the writer leaves it readable by its owner alone
        size += os.path.getsize(path)
    return size


def write(out: str) -> None:
    folder = os.path.join(out, FOLDER)
    os.makedirs(os.path.join(folder, "tokenizer"), exist_ok=True)
    with open(os.path.join(folder, "tokenizer", "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(CaptionTokenizer().pieces) + "\n")
    for kind, parts in (("contrastive", clip_parts), ("captioner", blip_parts)):
        write_scripts(parts, folder)
        size = write_weights(kind, folder)
        with open(os.path.join(out, f"{kind}.json"), "w", encoding="utf-8") as file:
            json.dump(manifest(kind), file, indent=2)
            file.write("\n")
        print(f"bundle: {kind} in {folder}, {size / 1e6:.1f} MB of weights")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=BUNDLES["shipped"])
    write(parser.parse_args().out)
