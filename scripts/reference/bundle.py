"""A bundle's networks in eager float64, with the weights of its folder."""

import json
import os
from typing import List, Tuple

import torch
from torch import Tensor, nn

from architectures.configs import SD21, BundleConfig, miniature
from architectures.export import build

from .attention import use_plain_attention
from .safetensors_file import read_safetensors
from .schedule import alpha_bars, sinusoids


def load_module(folder: str, manifest: dict, key: str, config: BundleConfig, name: str) -> nn.Module:
    """Module ``name`` of our architectures, in float64, with the bundle's tensors as its parameters."""
    with torch.device("meta"):
        module = build(config, name)
    weights = read_safetensors(os.path.join(folder, manifest["modules"][key]["weights"]))
    module.load_state_dict({key: value.double() for key, value in weights.items()}, assign=True)
    return use_plain_attention(module).eval().requires_grad_(False)


class Bundle:
    """Text, picture and U-Net of a bundle whose weights lie beside its manifest."""

    def __init__(self, folder: str):
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)
        modules = self.manifest["modules"]
        if self.manifest["name"] == "sd21":
            config = SD21
        else:
            tokens = read_safetensors(os.path.join(folder, modules["textEncoder"]["weights"]))
            config = miniature(tokens["text_model.embeddings.token_embedding.weight"].shape[0])
        self.text_encoder = load_module(folder, self.manifest, "textEncoder", config, "text_encoder")
        self.vae_encoder = load_module(folder, self.manifest, "vaeEncoder", config, "vae_encoder")
        self.unet = load_module(folder, self.manifest, "unet", config, "unet")
        self.layers: List[dict] = self.manifest["layers"]
        schedule = self.manifest["schedule"]
        self.alpha_bar = alpha_bars(schedule["steps"], schedule["betaStart"], schedule["betaEnd"])
        self.image = self.manifest["image"]

    def encode_text(self, ids: Tensor) -> Tensor:
        """int64 [prompts, K] -> float64 [prompts, K, width]"""
        with torch.no_grad():
            return self.text_encoder(ids)

    def encode_picture(self, pictures: Tensor) -> Tensor:
        """float64 [V, 3, S, S] in [-1, 1] -> the posterior's mean, scaled, [V, c, s, s]"""
        with torch.no_grad():
            moments = self.vae_encoder(pictures)
        return moments.chunk(2, dim=1)[0] * self.image["latentScale"]

    def read_maps(
        self, noised: Tensor, timestep: int, context: Tensor, selection: "Selection", key_gradient_only: bool = False
    ) -> Tuple[List[Tensor], List[Tensor]]:
        """noised [B, c, s, s], context [B, K, W] -> maps a level, [B, N, N] and [B, N, K]; not read: empty."""
        time = sinusoids(timestep, self.manifest["timeWidth"]).expand(noised.shape[0], -1)
        _, self_maps, cross_maps = self.unet(
            noised,
            time,
            context,
            selection.self_layers,
            selection.cross_layers,
            selection.self_heads,
            selection.cross_heads,
            key_gradient_only,
            False,
        )
        return self_maps, cross_maps


class Selection:
    """Which maps are read: {resolution: weight} for each kind, all layers and heads of a resolution alike."""

    def __init__(self, bundle: Bundle, self_weights: dict, cross_weights: dict):
        layers = bundle.layers
        levels = 1 + max(layer["level"] for layer in layers)
        heads = max(layer["heads"] for layer in layers)
        resolution = [bundle.image["latentSize"] >> level for level in range(levels)]

        def flags(weights: dict) -> List[int]:
            return [int(resolution[layer["level"]] in weights) for layer in layers]

        def head_weights() -> Tensor:
            table = torch.zeros(len(layers), heads, dtype=torch.float64)
            for i, layer in enumerate(layers):
                count = sum(other["level"] == layer["level"] for other in layers)
                table[i, : layer["heads"]] = 1.0 / (count * layer["heads"])
            return table

        self.self_layers, self.cross_layers = flags(self_weights), flags(cross_weights)
        self.self_heads = self.cross_heads = head_weights()
        self.self_weights = [float(weights_of(self_weights, side)) for side in resolution]
        self.cross_weights = [float(weights_of(cross_weights, side)) for side in resolution]


def weights_of(weights: dict, resolution: int) -> float:
    return weights.get(resolution, 0.0)
