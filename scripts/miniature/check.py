"""Load a bundle as the engine does, weightless TorchScript plus safetensors, and run it once.

    python -m miniature.check ../models/miniature          (from scripts/)
"""

import json
import os
import sys
from typing import Dict

import torch
from safetensors.torch import load_file

from architectures.unet import timestep_sinusoids


def load(folder: str) -> Dict[str, torch.jit.ScriptModule]:
    """The three modules of a bundle with their weights in fp32, by their names in the manifest."""
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        entries = json.load(file)["modules"]
    modules = {}
    for name, entry in entries.items():
        module = torch.jit.load(os.path.join(folder, entry["script"])).eval()
        weights = load_file(os.path.join(folder, entry["weights"]))
        parameters = dict(module.named_parameters())
        if parameters.keys() != weights.keys():
            raise ValueError(f"{name}: the tensors differ: {sorted(parameters.keys() ^ weights.keys())[:5]}")
        for key, parameter in parameters.items():
            if parameter.shape != weights[key].shape:
                raise ValueError(f"{name}: {key} is {tuple(weights[key].shape)}, not {tuple(parameter.shape)}")
            parameter.data = weights[key].float()
        modules[name] = module
    return modules


@torch.no_grad()
def main(folder: str) -> None:
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    modules = load(folder)
    image, token = manifest["image"], manifest["tokenizer"]
    size, side = image["size"], image["latentSize"]
    moments = modules["vaeEncoder"](torch.zeros(1, 3, size, size))
    assert moments.shape == (1, 2 * image["latentChannels"], side, side)
    ids = torch.tensor([[token["bos"], token["eos"]] + [token["pad"]] * (token["length"] - 2)])
    context = modules["textEncoder"](ids)
    layers = manifest["layers"]
    weights = torch.zeros(len(layers), max(layer["heads"] for layer in layers))
    for i, layer in enumerate(layers):
        count = sum(other["level"] == layer["level"] for other in layers)
        weights[i, : layer["heads"]] = 1 / (count * layer["heads"])
    latent = moments[:, : image["latentChannels"]] * image["latentScale"]
    sinusoid = timestep_sinusoids(torch.tensor([50]), manifest["timeWidth"])
    every = [1] * len(layers)
    prediction, self_maps, cross_maps = modules["unet"](latent, sinusoid, context, every, every, weights, weights, False, True)
    assert prediction.shape == latent.shape
    for maps in (self_maps, cross_maps):
        for attention in maps:
            assert torch.allclose(attention.sum(-1), torch.ones(()), atol=1e-3), "rows of attention sum to 1"
    print(f"check: {folder} loads and runs; levels {[m.shape[1] for m in self_maps]}")


if __name__ == "__main__":
    main(sys.argv[1])
