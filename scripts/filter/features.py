"""What both small models see: where the miniature's U-Net looks for each of its classes.

A transformer that learns pictures from the beginning needs more of them, and more time, than there is here: after half an hour on
two CPU cores it could not tell the classes. The miniature can, and its weights are there already. So the place of CLIP's and
BLIP's patch projection is taken by its VAE encoder and its U-Net, asked once for all classes together, and a linear map of
its cross-attention. All that follows is CLIP's and BLIP's own.

    python -m filter.features          (from scripts/, after miniature.latents and miniature.train)

writes the features of every scene, once: features-NNN.npy, float16 [n, FEATURES, 8, 8], beside the latents.
"""

import glob
import json
import os
from typing import Dict, List

import numpy as np
import torch
import torch.nn.functional as F
from architectures.export import build
from architectures.unet import attention_layers, timestep_sinusoids, uniform_head_weights
from miniature.bundle import configuration
from miniature.config import BUNDLES, CLASSES, PICTURE, alphas_cumulative, cache
from miniature.prompts import collate, names_prompt
from miniature.tokenizer import LENGTH, WordTokenizer
from miniature.words import BACKGROUND
from safetensors.torch import load_file
from torch import Tensor, nn

SIDE = 8  # of the grid of tokens
PATCH = PICTURE // SIDE
TIMESTEP = 20  # the picture nearly as it is; no noise is added, so that a picture has one set of names
FEATURES = 3 * LENGTH
MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]


class AttentionFeatures(nn.Conv2d):
    """[B, 3, 128, 128], normalised by MEAN and DEVIATION -> [B, width, 8, 8]. The convolution is the linear map."""

    def __init__(self, width: int) -> None:
        super().__init__(FEATURES, width, 1)
        config = configuration()
        self.vae, self.unet = build(config, "vae_encoder"), build(config, "unet")
        levels = [layer["level"] for layer in attention_layers(config.unet)]
        self.none: List[int] = [0 for _ in levels]
        self.read: List[int] = [int(level < 2) for level in levels]
        # Constants, kept as weights: nothing of a saved module knows a device.
        self.heads = nn.Parameter(uniform_head_weights(config.unet))
        self.time = nn.Parameter(timestep_sinusoids(torch.tensor([TIMESTEP]), config.unet.channels[0]))
        self.context = nn.Parameter(torch.zeros(1, LENGTH, config.unet.context_width))
        self.mean = nn.Parameter(torch.tensor(MEAN).view(1, 3, 1, 1))
        self.deviation = nn.Parameter(torch.tensor(DEVIATION).view(1, 3, 1, 1))
        self.scale = nn.Parameter(torch.zeros(1))

    def features(self, latent: Tensor) -> Tensor:
        """Latents as the U-Net takes them, [B, 4, 32, 32] -> [B, FEATURES, 8, 8]."""
        count = latent.shape[0]
        context, time = self.context.expand(count, -1, -1), self.time.expand(count, -1)
        maps = self.unet(latent, time, context, self.none, self.read, self.heads, self.heads, False, False)[2]
        fine, coarse = grid(maps[0]), grid(maps[1])
        pooled = [F.avg_pool2d(fine, 4), F.max_pool2d(fine, 4), F.avg_pool2d(coarse, 2)]
        # Shares of the attention span orders of magnitude; where a name is not seen they are near 0.01.
        return torch.log(torch.cat(pooled, 1) + 0.01) + 3.0

    def forward(self, pixels: Tensor) -> Tensor:
        images = (pixels * self.deviation + self.mean) * 2.0 - 1.0
        latent = self.vae(images).chunk(2, 1)[0] * self.scale
        return torch.conv2d(self.features(latent).to(self.weight.dtype), self.weight, self.bias)


def grid(attention: Tensor) -> Tensor:
    """[B, n², K] -> [B, K, n, n]"""
    side = int(float(attention.shape[1]) ** 0.5 + 0.5)
    return attention.transpose(1, 2).reshape(attention.shape[0], attention.shape[2], side, side)


def shipped(module: str) -> Dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in load_file(os.path.join(BUNDLES["shipped"], f"{module}.safetensors")).items()}


def prompt_states() -> Tensor:
    """[1, K, width] text states of all names of the classes and ``background``, in one prompt."""
    encoder = build(configuration(), "text_encoder").eval()
    encoder.load_state_dict(shipped("text_encoder"))
    return encoder(collate([names_prompt([*CLASSES, BACKGROUND], [[]] * (len(CLASSES) + 1))], WordTokenizer()).ids)


@torch.no_grad()
def trained_features() -> AttentionFeatures:
    """With the weights of the shipped miniature; the linear map is untrained."""
    module = AttentionFeatures(1).eval()
    module.vae.load_state_dict(shipped("vae_encoder"))
    module.unet.load_state_dict(shipped("unet"))
    with open(os.path.join(BUNDLES["shipped"], "manifest.json"), encoding="utf-8") as file:
        scale = json.load(file)["image"]["latentScale"]
    module.context.copy_(prompt_states())
    # The U-Net expects what is left of a latent at the timestep.
    module.scale.fill_(scale * float(alphas_cumulative()[TIMESTEP]) ** 0.5)
    return module


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(2)
    module = trained_features()
    for file in sorted(glob.glob(cache("latents", "latents-???.pt"))):
        target = file.replace("latents-", "features-").replace(".pt", ".npy")
        if os.path.exists(target):
            continue
        latents = torch.load(file, weights_only=True)["128"]
        parts = []
        for start in range(0, len(latents), 50):
            with torch.autocast("cpu", torch.bfloat16):
                parts.append(module.features(latents[start : start + 50].float() * module.scale).half().numpy())
        with open(target + ".part", "wb") as out:
            np.save(out, np.concatenate(parts))
        os.replace(target + ".part", target)
        print(f"features: {os.path.basename(target)}", flush=True)


if __name__ == "__main__":
    main()
