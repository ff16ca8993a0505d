"""Write the trained filter as two bundles, and read it again.

    python -m filter.bundle [--out ../models/miniature-filter]          (from scripts/)
"""

import argparse
import json
import os

import torch
from architectures.clip_blip_export import export
from miniature import tokenizer as bpe
from miniature.config import PICTURE, cache
from safetensors.torch import save_file

from .config import BUNDLE, DEVIATION, MEAN, blip_config, clip_config
from .texts import END, CaptionTokenizer

VERSION = "1"
# Module of the manifest, script, part of the training network.
MODULES = {
    "clip": [("imageEncoder", "image_encoder", "image"), ("textEncoder", "text_encoder", "text")],
    "blip": [("visionEncoder", "vision_encoder", "vision"), ("textDecoder", "text_decoder", "decoder")],
}
CHECKPOINTS = {"clip": "filter-contrastive.pt", "blip": "filter-captioner.pt"}
KINDS = {"clip": "contrastive", "blip": "captioner"}


def manifest(part: str, tokenizer: dict) -> dict:
    return {
        "format": "invseg-bundle/1",
        "kind": KINDS[part],
        "name": f"miniature-filter-{part}",
        "version": VERSION,
        "license": "Apache-2.0",
        "source": "scripts/filter",
        "modules": {
            module: {"script": f"{script}.pt", "weights": {"files": [f"{script}.safetensors"]}}
            for module, script, _ in MODULES[part]
        },
        "tokenizer": {"folder": "tokenizer", **tokenizer},
        "picture": {"size": PICTURE, "crop": part == "clip", "mean": MEAN, "deviation": DEVIATION},
    }


def write_weights(part: str, folder: str) -> int:
    average = torch.load(cache(CHECKPOINTS[part]), weights_only=True)["average"]
    size = 0
    for _, script, own in MODULES[part]:
        tensors = {k[len(own) + 1 :]: v.half().contiguous() for k, v in average.items() if k.startswith(own + ".")}
        path = os.path.join(folder, f"{script}.safetensors")
        save_file(tensors, path)
        os.chmod(path, 0o644)  # the writer leaves it readable by its owner alone
        size += os.path.getsize(path)
    return size


def write(out: str) -> None:
    folders = {part: os.path.join(out, part) for part in MODULES}
    export((clip_config(), blip_config()), folders["clip"], folders["blip"])
    words = bpe.WordTokenizer()
    bpe.write(os.path.join(folders["clip"], "tokenizer"))
    captions = CaptionTokenizer()
    os.makedirs(os.path.join(folders["blip"], "tokenizer"), exist_ok=True)
    with open(os.path.join(folders["blip"], "tokenizer", "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(captions.pieces) + "\n")
    tokenizers = {
        "clip": {"length": clip_config().length, "bos": words.start, "eos": words.end, "pad": words.end},
        "blip": {"length": blip_config().decoder.length, "start": captions.start, "end": END},
    }
    for part, folder in folders.items():
        size = write_weights(part, folder)
        with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
            json.dump(manifest(part, tokenizers[part]), file, indent=2)
            file.write("\n")
        print(f"bundle: {folder}, {size / 1e6:.1f} MB of weights")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=BUNDLE)
    write(parser.parse_args().out)
