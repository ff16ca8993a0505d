"""CLIP ViT-L/14 and BLIP-large at full size with random weights: a folder of each, and what transformers makes of it.

    cd scripts
    python -m parity.vision_language_full write --folder /tmp/vision-language
    python -m parity.vision_language_full reference --folder /tmp/vision-language
    cd .. && npm run build && node scripts/parity/vision_language_full.mjs --folder /tmp/vision-language

The folders are in transformers layout, 3.6 GB in float32 together. `reference` writes reference.json and *.npy beside them.
"""

import argparse
import json
import os
import time
from typing import Dict

import numpy as np
import torch
from architectures.clip_blip_export import BLIP_LARGE, CLIP_L14, blip_modules, clip_modules
from PIL import Image
from reference.safetensors_file import read_safetensors, write_safetensors
from torch import Tensor, nn

from parity.clip_vocabulary import clip_vocabulary
from parity.vision_language_goldens import processors
from parity.vision_language_models import blip_config, clip_config, make_blip, make_clip, shapes
from parity.vision_language_weights import picture, weights

BOS, EOS, START, END = 49406, 49407, 30522, 102
PICTURES = [(6, 640, 480), (3, 300, 411)]  # seed, width, height
TEXTS = [[320, 1125, 539, 320, 2368], [320, 1125, 539, 320, 1929, 267, 2000], [1929]]  # any ids will do
PROMPTS = [[], [1037, 3861, 1997]]  # behind the start token; the second is "a picture of"


def modules(kind: str) -> Dict[str, nn.Module]:
    with torch.device("meta"):
        return clip_modules(CLIP_L14) if kind == "clip" else blip_modules(BLIP_LARGE)


def write(folder: str) -> None:
    configs = {"clip": clip_config(CLIP_L14, BOS, EOS), "blip": blip_config(BLIP_LARGE, START, END, False)}
    for kind, config in configs.items():
        path = os.path.join(folder, kind)
        os.makedirs(path, exist_ok=True)
        config.save_pretrained(path)
        all_shapes = shapes(modules(kind))
        entries = [(name, list(shape), torch.float32) for name, shape in all_shapes.items()]
        size = write_safetensors(
            os.path.join(path, "model.safetensors"),
            entries,
            lambda name: torch.from_numpy(weights(name, all_shapes[name], END)),
        )
        print(f"{kind}: {len(entries)} tensors, {size / 1e9:.2f} GB")
    vocabulary, merges = clip_vocabulary(None)
    with open(os.path.join(folder, "clip", "vocab.json"), "w", encoding="utf-8") as file:
        json.dump(vocabulary, file, ensure_ascii=False)
    with open(os.path.join(folder, "clip", "merges.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(["#version: 0.2", *merges]) + "\n")
    # The published vocabulary is not needed: tokens are compared as ids.
    pieces = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces += [f"piece{i}" for i in range(len(pieces), START)]
    with open(os.path.join(folder, "blip", "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(pieces) + "\n")


def load(model: nn.Module, path: str) -> nn.Module:
    """Weights of a file as the parameters themselves: nothing is in memory twice."""
    missing, unknown = model.load_state_dict(read_safetensors(path), strict=False, assign=True)
    if unknown or set(missing) - {"logit_scale", "text_decoder.cls.predictions.decoder.bias"}:
        raise ValueError(f"unknown: {unknown}, missing: {missing}")
    if "text_decoder.cls.predictions.decoder.bias" in missing:
        model.text_decoder.cls.predictions.decoder.bias = model.text_decoder.cls.predictions.bias
    return model.eval()


def reference(folder: str) -> None:
    torch.set_grad_enabled(False)
    torch.set_num_threads(2)
    images = [Image.fromarray(picture(*size)) for size in PICTURES]
    clip_processor, blip_processor = processors(CLIP_L14.image_size, BLIP_LARGE.vision.image_size)
    arrays: Dict[str, Tensor] = {}

    start = time.time()
    model = load(make_clip(CLIP_L14, BOS, EOS), os.path.join(folder, "clip", "model.safetensors"))
    for i, image in enumerate(images):
        found = model.get_image_features(clip_processor(image, return_tensors="pt")["pixel_values"])
        arrays[f"clipImageStates{i}"] = found.last_hidden_state[0]
        arrays[f"clipImageEmbedding{i}"] = found.pooler_output[0] / found.pooler_output[0].norm()
    for i, ids in enumerate(TEXTS):
        found = model.get_text_features(torch.tensor([[BOS, *ids, EOS]]))
        arrays[f"clipTextStates{i}"] = found.last_hidden_state[0]
        arrays[f"clipTextEmbedding{i}"] = found.pooler_output[0] / found.pooler_output[0].norm()
    print(f"CLIP: {time.time() - start:.0f} s")
    del model

    start = time.time()
    model = load(make_blip(BLIP_LARGE, START, END, False), os.path.join(folder, "blip", "model.safetensors"))
    captions = []
    for i, image in enumerate(images):
        pixels = blip_processor(image, return_tensors="pt")["pixel_values"]
        arrays[f"blipImageStates{i}"] = model.vision_model(pixels).last_hidden_state[0]
        for prompt in PROMPTS:
            found = model.generate(
                pixels,
                torch.tensor([[101, *prompt, END]]),  # what the tokenizer gives; generate replaces both ends
                num_beams=3,
                max_length=30,
                return_dict_in_generate=True,
                output_scores=True,
            )
            captions.append(
                {"picture": i, "prompt": prompt, "tokens": found.sequences[0].tolist(), "score": found.sequences_scores[0].item()}
            )
    print(f"BLIP: {time.time() - start:.0f} s")
    for name, value in arrays.items():
        np.save(os.path.join(folder, f"{name}.npy"), value.numpy().astype("<f4").ravel())
    with open(os.path.join(folder, "reference.json"), "w", encoding="utf-8") as file:
        json.dump({"pictures": PICTURES, "texts": TEXTS, "captions": captions, "arrays": list(arrays)}, file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["write", "reference"])
    parser.add_argument("--folder", required=True)
    arguments = parser.parse_args()
    (write if arguments.action == "write" else reference)(arguments.folder)
