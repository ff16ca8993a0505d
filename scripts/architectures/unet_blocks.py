"""The blocks of the U-Net: resnets, transformers and resampling of one resolution level."""

from typing import List

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import Transformer
from .configs import UNetConfig
from .operators import Conv2d, GroupNorm, Linear, shortcut


class TimestepEmbedding(nn.Module):
    def __init__(self, in_width: int, width: int):
        super().__init__()
        self.linear_1 = Linear(in_width, width)
        self.linear_2 = Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x)))


class ResnetBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, time_width: int, groups: int, eps: float):
        super().__init__()
        self.norm1 = GroupNorm(groups, in_channels, eps, silu=True)
        self.conv1 = Conv2d(in_channels, out_channels, 3, padding=1)
        self.time_emb_proj = Linear(time_width, out_channels)
        self.norm2 = GroupNorm(groups, out_channels, eps, silu=True)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = shortcut(in_channels, out_channels)

    def add_time_weights(self, weights: List[Tensor], biases: List[Tensor], more: List[Tensor]) -> None:
        """Appends the time's projection [C, T], its bias [C] and the first convolution's [C]."""
        weights.append(self.time_emb_proj.weight)
        biases.append(self.time_emb_proj.bias)
        more.append(self.conv1.vector())

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """x [B, C in, h, w], time [B, C] made of the parameters above -> [B, C, h, w]"""
        # The first convolution's bias and the time are added where its result is normalised.
        hidden = self.norm2(self.conv1.bare(self.norm1(x)), time)
        residual, bias = self.conv_shortcut(x)
        return self.conv2.onto(hidden, residual, bias)


class Resample(nn.Module):
    """The one convolution of a down- or upsampler."""

    def __init__(self, channels: int, stride: int):
        super().__init__()
        self.conv = Conv2d(channels, channels, 3, stride=stride, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


def add_map(maps: List[Tensor], level: int, attention: Tensor) -> None:
    """Adds what a layer read, already weighted, to the sum of its level; an empty tensor was not read."""
    if attention.numel() != 0:
        if maps[level].numel() == 0:
            maps[level] = attention
        else:
            maps[level] = maps[level] + attention


class AttentionBlock(nn.Module):
    """Resnets of one level, each followed by a transformer where the level has attention, and the resampling.

    ``up`` blocks take a skip connection before each resnet; ``down`` blocks leave their states on the stack.
    """

    def __init__(
        self,
        config: UNetConfig,
        level: int,
        first_layer: int,
        widths_in: List[int],
        up: bool,
        resample: bool,
        attention: bool,
    ):
        super().__init__()
        width = config.channels[level]
        time_width = config.channels[0] * 4
        self.level = level
        self.up = up
        self.resample = resample
        self.first_layer = first_layer
        self.has_attention = attention
        self.resnets = nn.ModuleList(
            [ResnetBlock(w, width, time_width, config.norm_groups, config.norm_eps) for w in widths_in]
        )
        self.attentions = nn.ModuleList()
        if attention:
            for i in range(len(widths_in)):
                self.attentions.append(
                    Transformer(
                        width,
                        config.context_width,
                        config.heads[level],
                        config.norm_groups,
                        config.transformer_norm_eps,
                        first_layer + i,
                        level,
                    )
                )
        samplers = nn.ModuleList([Resample(width, 1 if up else 2)] if resample else [])
        if up:
            self.upsamplers = samplers
            self.downsamplers = nn.ModuleList()
        else:
            self.downsamplers = samplers
            self.upsamplers = nn.ModuleList()

    def prompt_weights(self) -> List[Tensor]:
        """Of the prompt's keys and values, a layer after the other."""
        weights: List[Tensor] = []
        for attention in self.attentions:
            weights += attention.prompt_weights()
        return weights

    def add_time_weights(
        self, last_layer: int, weights: List[Tensor], biases: List[Tensor], more: List[Tensor]
    ) -> None:
        """Those of the resnets that run."""
        for i, resnet in enumerate(self.resnets):
            # As in ``forward``; without attention all of them run where the block is entered.
            if self.first_layer + (i if self.has_attention else 0) <= last_layer:
                resnet.add_time_weights(weights, biases, more)

    def forward(
        self,
        x: Tensor,
        times: List[Tensor],
        states: List[Tensor],
        skips: List[Tensor],
        self_layers: List[int],
        cross_layers: List[int],
        self_heads: Tensor,
        cross_heads: Tensor,
        self_maps: List[Tensor],
        cross_maps: List[Tensor],
        last_layer: int,
        key_gradient_only: bool,
    ) -> Tensor:
        if self.has_attention:
            for i, (resnet, attention) in enumerate(zip(self.resnets, self.attentions)):
                layer = self.first_layer + i
                if layer <= last_layer:
                    if self.up:
                        x = torch.cat([x, skips.pop()], dim=1)
                    x, self_map, cross_map = attention(
                        resnet(x, times.pop(0)),
                        states,
                        self_heads,
                        cross_heads,
                        self_layers[layer] != 0,
                        cross_layers[layer] != 0,
                        layer == last_layer,
                        key_gradient_only,
                    )
                    add_map(self_maps, self.level, self_map)
                    add_map(cross_maps, self.level, cross_map)
                    if not self.up:
                        skips.append(x)
        else:
            for resnet in self.resnets:
                if self.up:
                    x = torch.cat([x, skips.pop()], dim=1)
                x = resnet(x, times.pop(0))
                if not self.up:
                    skips.append(x)
        return x


class MidBlock(nn.Module):
    def __init__(self, config: UNetConfig, layer: int):
        super().__init__()
        level = len(config.channels) - 1
        width = config.channels[level]
        self.layer = layer
        self.level = level
        self.resnets = nn.ModuleList(
            [
                ResnetBlock(width, width, config.channels[0] * 4, config.norm_groups, config.norm_eps)
                for _ in range(2)
            ]
        )
        self.attentions = nn.ModuleList(
            [
                Transformer(
                    width,
                    config.context_width,
                    config.heads[level],
                    config.norm_groups,
                    config.transformer_norm_eps,
                    layer,
                    level,
                )
            ]
        )

    def prompt_weights(self) -> List[Tensor]:
        return self.attentions[0].prompt_weights()

    def add_time_weights(
        self, last_layer: int, weights: List[Tensor], biases: List[Tensor], more: List[Tensor]
    ) -> None:
        """Those of the resnets that run."""
        if self.layer <= last_layer:
            self.resnets[0].add_time_weights(weights, biases, more)
        if self.layer < last_layer:
            self.resnets[1].add_time_weights(weights, biases, more)

    def forward(
        self,
        x: Tensor,
        times: List[Tensor],
        states: List[Tensor],
        self_layers: List[int],
        cross_layers: List[int],
        self_heads: Tensor,
        cross_heads: Tensor,
        self_maps: List[Tensor],
        cross_maps: List[Tensor],
        last_layer: int,
        key_gradient_only: bool,
    ) -> Tensor:
        x = self.resnets[0](x, times.pop(0))
        x, self_map, cross_map = self.attentions[0](
            x,
            states,
            self_heads,
            cross_heads,
            self_layers[self.layer] != 0,
            cross_layers[self.layer] != 0,
            self.layer == last_layer,
            key_gradient_only,
        )
        add_map(self_maps, self.level, self_map)
        add_map(cross_maps, self.level, cross_map)
        if self.layer != last_layer:
            x = self.resnets[1](x, times.pop(0))
        return x
