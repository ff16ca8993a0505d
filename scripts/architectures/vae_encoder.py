"""The VAE encoder of Stable Diffusion, scriptable; parameter names equal the checkpoint's (the decoder is not needed)."""

import torch
from torch import Tensor, nn

from .configs import VaeEncoderConfig
from .operators import Conv2d, GroupNorm, Linear, shortcut


class ResnetBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, groups: int, eps: float):
        super().__init__()
        self.norm1 = GroupNorm(groups, in_channels, eps, silu=True)
        self.conv1 = Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = GroupNorm(groups, out_channels, eps, silu=True)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        # The first convolution's bias is added where its result is normalised.
        hidden = self.norm2(self.conv1.bare(self.norm1(x)), self.conv1.vector()[None])
        residual, bias = self.conv_shortcut(x)
        return self.conv2.onto(hidden, residual, bias)


class Downsampler(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = Conv2d(channels, channels, 3, stride=2, padding=-1)  # the published model pads right and bottom only

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class DownBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, layers: int, groups: int, eps: float, downsample: bool):
        super().__init__()
        self.resnets = nn.ModuleList(
            [ResnetBlock(in_channels if i == 0 else out_channels, out_channels, groups, eps) for i in range(layers)]
        )
        self.downsamplers = nn.ModuleList([Downsampler(out_channels)] if downsample else [])

    def forward(self, x: Tensor) -> Tensor:
        for resnet in self.resnets:
            x = resnet(x)
        for sampler in self.downsamplers:
            x = sampler(x)
        return x


class MidAttention(nn.Module):
    """Single-head attention over all positions, with bias and a residual."""

    def __init__(self, channels: int, groups: int, eps: float):
        super().__init__()
        self.group_norm = GroupNorm(groups, channels, eps, silu=False)
        self.to_q = Linear(channels, channels)
        self.to_k = Linear(channels, channels)
        self.to_v = Linear(channels, channels)
        self.to_out = nn.ModuleList([Linear(channels, channels)])

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        hidden = self.group_norm(x).view(b, c, h * w).transpose(1, 2).unsqueeze(1)  # [B, 1, N, C]
        out = torch.ops.invseg.attention(self.to_q(hidden), self.to_k(hidden), self.to_v(hidden))
        return x + self.to_out[0](out).squeeze(1).transpose(1, 2).reshape(b, c, h, w)


class MidBlock(nn.Module):
    def __init__(self, channels: int, groups: int, eps: float):
        super().__init__()
        self.resnets = nn.ModuleList([ResnetBlock(channels, channels, groups, eps) for _ in range(2)])
        self.attentions = nn.ModuleList([MidAttention(channels, groups, eps)])

    def forward(self, x: Tensor) -> Tensor:
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Encoder(nn.Module):
    def __init__(self, config: VaeEncoderConfig):
        super().__init__()
        channels = config.channels
        groups, eps = config.norm_groups, config.norm_eps
        self.conv_in = Conv2d(config.image_channels, channels[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            [
                DownBlock(
                    channels[max(i - 1, 0)],
                    channels[i],
                    config.layers_per_block,
                    groups,
                    eps,
                    i != len(channels) - 1,
                )
                for i in range(len(channels))
            ]
        )
        self.mid_block = MidBlock(channels[-1], groups, eps)
        self.conv_norm_out = GroupNorm(groups, channels[-1], eps, silu=True)
        self.conv_out = nn.Conv2d(channels[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(self.conv_norm_out(self.mid_block(x)))


class VaeEncoder(nn.Module):
    """image [B, 3, H, W] in [-1, 1] -> moments [B, 2 * latent channels, H / 2^(levels-1), W / 2^(levels-1)].

    The first half of the channels is the posterior's mean, the second its log-variance (unclamped).
    """

    def __init__(self, config: VaeEncoderConfig):
        super().__init__()
        self.encoder = Encoder(config)
        self.quant_conv = nn.Conv2d(2 * config.latent_channels, 2 * config.latent_channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.quant_conv(self.encoder(image.to(self.quant_conv.weight.dtype)))
