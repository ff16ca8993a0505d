"""Sizes of the three networks of a bundle, as plain data.

``SD21`` follows the published configuration of Stable Diffusion 2.1; ``MINIATURE`` is the embedded model of the same
structure. Everything that differs between two bundles is a number in this file or in the bundle's manifest.
"""

from dataclasses import dataclass, field
from typing import List


@dataclass(frozen=True)
class TextEncoderConfig:
    vocabulary: int
    length: int  # positions of a prompt, K
    width: int
    layers: int
    heads: int
    mlp_width: int
    norm_eps: float = 1e-5


@dataclass(frozen=True)
class VaeEncoderConfig:
    channels: List[int]
    layers_per_block: int
    latent_channels: int
    norm_groups: int
    image_channels: int = 3
    norm_eps: float = 1e-6


@dataclass(frozen=True)
class UNetConfig:
    channels: List[int]  # one entry a resolution level, finest first
    heads: List[int]  # attention heads of each level
    attention: List[bool]  # whether the down and up blocks of a level have attention (the mid block always has)
    layers_per_block: int
    context_width: int
    norm_groups: int
    latent_channels: int = 4
    norm_eps: float = 1e-5
    transformer_norm_eps: float = 1e-6


@dataclass(frozen=True)
class BundleConfig:
    text_encoder: TextEncoderConfig
    vae_encoder: VaeEncoderConfig
    unet: UNetConfig
    extra: dict = field(default_factory=dict)


SD21 = BundleConfig(
    text_encoder=TextEncoderConfig(vocabulary=49408, length=77, width=1024, layers=23, heads=16, mlp_width=4096),
    vae_encoder=VaeEncoderConfig(channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=4, norm_groups=32),
    unet=UNetConfig(
        channels=[320, 640, 1280, 1280],
        heads=[5, 10, 20, 20],
        attention=[True, True, True, False],
        layers_per_block=2,
        context_width=1024,
        norm_groups=32,
    ),
)


def miniature(vocabulary: int) -> BundleConfig:
    """The embedded model: 128x128 pictures, 32x32 latents, a vocabulary of ``vocabulary`` tokens."""
    return BundleConfig(
        text_encoder=TextEncoderConfig(
            vocabulary=vocabulary, length=32, width=96, layers=2, heads=4, mlp_width=384
        ),
        vae_encoder=VaeEncoderConfig(channels=[16, 32, 64], layers_per_block=1, latent_channels=4, norm_groups=8),
        unet=UNetConfig(
            channels=[32, 64, 96, 96],
            heads=[1, 2, 3, 3],
            attention=[True, True, True, False],
            layers_per_block=1,
            context_width=96,
            norm_groups=8,
        ),
    )
