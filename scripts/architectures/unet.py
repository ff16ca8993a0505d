"""The conditional U-Net of Stable Diffusion 2.1, scriptable, with its attention maps as outputs.

Parameter names equal the keys of a diffusers checkpoint. The pass ends after the last attention layer that anybody
reads; the layers whose maps are not read use fused attention.
"""

from typing import List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .configs import UNetConfig
from .operators import Conv2d, GroupNorm
from .unet_blocks import AttentionBlock, MidBlock, TimestepEmbedding


class UNet(nn.Module):
    """See ``forward``. Attention layers are numbered in the order they run: down blocks, mid block, up blocks."""

    def __init__(self, config: UNetConfig):
        super().__init__()
        channels = config.channels
        levels = len(channels)
        self.levels = levels
        # What the engine keeps in float32 whatever its type, see ``context``; where it lays the weights of one operator side by
        # side in memory, by the groups below, they have its own type.
        self.float32_parameters = [".attn2.to_k.weight", ".attn2.to_v.weight"]
        blocks = [f"{layer['name']}.transformer_blocks.0" for layer in attention_layers(config)]
        self.side_by_side = [[f"{block}.attn1.{name}.weight" for name in ("to_q", "to_k", "to_v")] for block in blocks]
        self.side_by_side.append([f"{block}.attn2.{name}.weight" for block in blocks for name in ("to_k", "to_v")])
        for name in ("time_emb_proj.weight", "time_emb_proj.bias", "conv1.bias"):
            self.side_by_side.append([f"{resnet}.{name}" for resnet in resnets(config)])
        self.conv_in = Conv2d(config.latent_channels, channels[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(channels[0], channels[0] * 4)

        layer = 0
        down: List[nn.Module] = []
        skip_widths = [channels[0]]
        width = channels[0]
        for level in range(levels):
            widths_in = [width] + [channels[level]] * (config.layers_per_block - 1)
            final = level == levels - 1
            attention = config.attention[level]
            down.append(AttentionBlock(config, level, layer, widths_in, False, not final, attention))
            layer += config.layers_per_block if attention else 0
            width = channels[level]
            skip_widths += [width] * (config.layers_per_block + (0 if final else 1))
        self.down_blocks = nn.ModuleList(down)

        self.mid_block = MidBlock(config, layer)
        self.mid_layer = layer
        layer += 1

        up: List[nn.Module] = []
        for level in reversed(range(levels)):
            widths_in = []
            for _ in range(config.layers_per_block + 1):
                widths_in.append(width + skip_widths.pop())
                width = channels[level]
            attention = config.attention[level]
            up.append(AttentionBlock(config, level, layer, widths_in, True, level != 0, attention))
            layer += config.layers_per_block + 1 if attention else 0
        self.up_blocks = nn.ModuleList(up)
        self.layers = layer

        self.conv_norm_out = GroupNorm(config.norm_groups, channels[0], config.norm_eps, silu=True)
        self.conv_out = nn.Conv2d(channels[0], config.latent_channels, 3, padding=1)

    def prompt_weights(self) -> List[Tensor]:
        """[layer 0's of keys, of values, layer 1's of keys, ...], each [C, context width]: as they lie side by side."""
        weights: List[Tensor] = []
        for block in self.down_blocks:
            weights += block.prompt_weights()
        weights += self.mid_block.prompt_weights()
        for block in self.up_blocks:
            weights += block.prompt_weights()
        return weights

    def time_states(self, embedding: Tensor, last_layer: int) -> List[Tensor]:
        """embedding [B, T] -> what each resnet that runs adds to its first convolution, [B, C], in the order they run."""
        weights: List[Tensor] = []
        biases: List[Tensor] = []
        more: List[Tensor] = []
        for block in self.down_blocks:
            block.add_time_weights(last_layer, weights, biases, more)
        self.mid_block.add_time_weights(last_layer, weights, biases, more)
        for block in self.up_blocks:
            block.add_time_weights(last_layer, weights, biases, more)
        return torch.ops.invseg.time_states(F.silu(embedding), weights, biases, more)

    def forward(
        self,
        latent: Tensor,
        time: Tensor,
        context: Tensor,
        self_layers: List[int],
        cross_layers: List[int],
        self_heads: Tensor,
        cross_heads: Tensor,
        key_gradient_only: bool = False,
        predict: bool = False,
    ) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
        """One conditional pass that returns attention maps.

        latent       [B, latent channels, h, w], noised
        time         [B, channels[0]], the timestep's sinusoids, cosines first; from outside, so that neither a device
                     nor a dtype is baked into the saved module
        context      [P, K, context width], text states; P divides B, entry b reads prompt b modulo P. Float32, and
                     its products keep what a step of Adam changes, which is less than bfloat16 resolves
        self_layers, cross_layers   one flag an attention layer: is its map read?
        self_heads, cross_heads     [layers, max heads] weights of the heads of every layer
        key_gradient_only           let gradients reach the context through the key projections alone
        predict      run to the end and return the model's prediction as well

        Returns (prediction [B, latent channels, h, w] or empty, self maps, cross maps). A list has one entry a level,
        finest first: the sum over the level's read layers and their heads of weight * probability, fp32,
        [B, N, N] or [B, N, K] with N = (h / 2^level) * (w / 2^level), or an empty tensor where nothing is read.
        """
        dtype = self.conv_in.weight.dtype
        last_layer = self.layers if predict else -1
        if not predict:
            for i in range(self.layers):
                if self_layers[i] != 0 or cross_layers[i] != 0:
                    last_layer = i
        self_maps: List[Tensor] = []
        cross_maps: List[Tensor] = []
        for _ in range(self.levels):
            self_maps.append(torch.empty(0, device=latent.device))
            cross_maps.append(torch.empty(0, device=latent.device))
        prediction = torch.empty(0, device=latent.device, dtype=dtype)

        # Each resnet takes the first of those that are left.
        times = self.time_states(self.time_embedding(time.to(dtype)), last_layer)
        x = self.conv_in(latent.to(dtype))
        # Both states of every layer before the last one, whose values nobody needs; its keys where its map is read.
        needed = 2 * last_layer
        if not predict:
            needed = 0 if last_layer < 0 else needed + int(cross_layers[last_layer] != 0)
        states = torch.ops.invseg.prompt_states(context, self.prompt_weights()[:needed], x)
        skips = [x]
        # Nothing after the last layer that is read: its block's resampling neither.
        for block in self.down_blocks:
            if block.first_layer <= last_layer:
                x = block(
                    x,
                    times,
                    states,
                    skips,
                    self_layers,
                    cross_layers,
                    self_heads,
                    cross_heads,
                    self_maps,
                    cross_maps,
                    last_layer,
                    key_gradient_only,
                )
                if block.first_layer + len(block.attentions) <= last_layer:
                    for sampler in block.downsamplers:
                        x = sampler(x)
                        skips.append(x)
        if self.mid_layer <= last_layer:
            x = self.mid_block(
                x,
                times,
                states,
                self_layers,
                cross_layers,
                self_heads,
                cross_heads,
                self_maps,
                cross_maps,
                last_layer,
                key_gradient_only,
            )
        for block in self.up_blocks:
            if block.first_layer <= last_layer:
                x = block(
                    x,
                    times,
                    states,
                    skips,
                    self_layers,
                    cross_layers,
                    self_heads,
                    cross_heads,
                    self_maps,
                    cross_maps,
                    last_layer,
                    key_gradient_only,
                )
                if block.first_layer + len(block.attentions) <= last_layer:
                    for sampler in block.upsamplers:
                        # The next skip connection gives the size, so that odd latent sizes work too.
                        size = skips[-1].shape[-2:]
                        # The operator itself: the scripted F.interpolate names operators that older LibTorchs do not know.
                        x = sampler(torch.ops.aten.upsample_nearest2d(x, [size[0], size[1]]))
        if predict:
            prediction = self.conv_out(self.conv_norm_out(x))
        return prediction, self_maps, cross_maps


def attention_layers(config: UNetConfig) -> List[dict]:
    """The attention layers in the order they run: ``{"name", "level", "heads"}``."""
    layers: List[dict] = []

    def add(name: str, level: int) -> None:
        layers.append({"name": name, "level": level, "heads": config.heads[level]})

    levels = len(config.channels)
    for level in range(levels):
        for i in range(config.layers_per_block if config.attention[level] else 0):
            add(f"down_blocks.{level}.attentions.{i}", level)
    add("mid_block.attentions.0", levels - 1)
    for block, level in enumerate(reversed(range(levels))):
        for i in range(config.layers_per_block + 1 if config.attention[level] else 0):
            add(f"up_blocks.{block}.attentions.{i}", level)
    return layers


def resnets(config: UNetConfig) -> List[str]:
    """Names of the resnets in the order they run."""
    levels = range(len(config.channels))
    names = [f"down_blocks.{level}.resnets.{i}" for level in levels for i in range(config.layers_per_block)]
    names += [f"mid_block.resnets.{i}" for i in range(2)]
    return names + [f"up_blocks.{block}.resnets.{i}" for block in levels for i in range(config.layers_per_block + 1)]


def uniform_head_weights(config: UNetConfig) -> Tensor:
    """[layers, max heads]: 1 / (layers of the level * heads), so that a level's sum is the mean of its maps."""
    layers = attention_layers(config)
    weights = torch.zeros(len(layers), max(config.heads))
    for i, layer in enumerate(layers):
        count = sum(other["level"] == layer["level"] for other in layers)
        weights[i, : layer["heads"]] = 1.0 / (count * layer["heads"])
    return weights


def timestep_sinusoids(timesteps: Tensor, width: int) -> Tensor:
    """[B] raw timesteps -> [B, width] sinusoids, cosines first, frequencies 10000^(-i / (width / 2)), float32."""
    half = width // 2
    frequencies = torch.exp(-torch.log(torch.tensor(10000.0)) * torch.arange(half) / half).to(timesteps.device)
    angles = timesteps.float()[:, None] * frequencies[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
