"""The three networks of the miniature, and writing them as a bundle.

    python -m miniature.bundle --random          (from scripts/: a bundle of untrained weights, for wiring things up)
    python -m miniature.bundle                   (the averaged weights of the latest checkpoint)
    python -m miniature.bundle --recipe plain    (those of the plain model, into models/miniature-plain)
"""

import argparse
import json
import os

import torch
from safetensors.torch import save_file

from architectures.configs import BundleConfig, miniature
from architectures.export import build, export
from architectures.unet import attention_layers

from . import tokenizer, words as vocabulary
from .config import BETA_END, BETA_START, BUNDLES, CHECKPOINTS, LATENT_STRIDE, PICTURE, STEPS, cache

VERSION = "2"  # of the shipped weights
# Chosen on 60 scenes of the training's drawings (miniature.heldout --role train --seed 11), not on those that docs/methods.md measures.
METHODS = {
    "shipped": {
        "diffsegmenter": {
            "attention": {"inferenceCross": "bundle", "crossScale": "none"},
            "prompt": {"wordWeight": 1},
            "background": {"threshold": 0.8},
            "inference": {"timestep": 50},
        },
        "diffseg": {"attention": {"inferenceSelf": "bundle"}, "diffseg": {"threshold": 0.15}},
    },
}  # fmt: skip
MANIFEST_NAMES = {"text_encoder": "textEncoder", "vae_encoder": "vaeEncoder", "unet": "unet"}


def configuration() -> BundleConfig:
    return miniature(tokenizer.WordTokenizer().size)


def load_autoencoder():
    """-> (encoder with trained weights, latent scale), or an untrained one and 1 before any training."""
    encoder = build(configuration(), "vae_encoder").eval()
    scale = 1.0
    if os.path.exists(cache("vae.pt")):
        encoder.load_state_dict(torch.load(cache("vae.pt"), weights_only=True)["encoder"])
    if os.path.exists(cache("latents", "scale.json")):
        with open(cache("latents", "scale.json"), encoding="utf-8") as file:
            scale = json.load(file)["scale"]
    return encoder, scale


def manifest(config: BundleConfig, scale: float, name: str) -> dict:
    methods = next((METHODS[recipe] for recipe in METHODS if os.path.basename(BUNDLES[recipe]) == name), None)
    words = tokenizer.WordTokenizer()
    size = PICTURE // LATENT_STRIDE
    return {
        "format": "invseg-bundle/1",
        "name": name,
        "version": VERSION,
        "license": "Apache-2.0",
        "source": "scripts/miniature",
        "modules": {
            key: {"script": f"{module}.pt", "weights": f"{module}.safetensors"} for module, key in MANIFEST_NAMES.items()
        },
        "tokenizer": {
            "folder": "tokenizer", "length": tokenizer.LENGTH, "bos": words.start, "eos": words.end, "pad": tokenizer.PAD_ID,
        },
        "image": {
            "size": PICTURE, "latentSize": size, "latentChannels": config.unet.latent_channels, "latentScale": scale,
        },
        "contextWidth": config.unet.context_width,
        "timeWidth": config.unet.channels[0],
        "schedule": {"steps": STEPS, "betaStart": BETA_START, "betaEnd": BETA_END},
        "layers": attention_layers(config.unet),
        "defaults": {
            "inference": {"cross": {"32": 1, "16": 1}, "self": {"32": 1}}, "training": {"16": 1}, **({"methods": methods} if methods else {}),
        },
        "names": vocabulary.known_names(),
    }  # fmt: skip


def write(folder: str, states: dict, scale: float, bundle_name: str) -> None:
    """Write the whole bundle; ``states`` maps a module's name to its state dict."""
    config = configuration()
    export(config, folder)
    for name, state in states.items():
        path = os.path.join(folder, f"{name}.safetensors")
        save_file({k: v.detach().half().contiguous() for k, v in state.items()}, path)
        os.chmod(path, 0o644)  # the writer leaves them readable by their owner alone
    tokenizer.write(os.path.join(folder, "tokenizer"))
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest(config, scale, bundle_name), file, indent=2)
        file.write("\n")
    size = sum(os.path.getsize(os.path.join(folder, f"{name}.safetensors")) for name in states)
    print(f"bundle: {folder}, {size / 1e6:.1f} MB of weights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--recipe", choices=[*CHECKPOINTS], default="shipped")
    parser.add_argument("--out", default="", help="folder of the bundle; the recipe's own in models/ by default")
    options = parser.parse_args()
    own = BUNDLES[options.recipe]
    config = configuration()
    encoder, scale = load_autoencoder()
    if options.random:
        torch.manual_seed(1)
        states = {name: build(config, name).state_dict() for name in ("text_encoder", "unet")}
    else:
        states = torch.load(cache(CHECKPOINTS[options.recipe]), weights_only=True)["average"]
    write(options.out or own, {**states, "vae_encoder": encoder.state_dict()}, scale, os.path.basename(own))


if __name__ == "__main__":
    main()
