"""Attention as written, in the precision of its input; replaces the architectures' own, which is in float32."""

from typing import Tuple

import torch
from torch import Tensor, nn

from architectures.attention import Attention


class PlainAttention(nn.Module):
    """softmax(Q K^T / sqrt(d)) V per head, the probabilities' weighted sum over heads beside it."""

    def __init__(self, source: Attention):
        super().__init__()
        self.heads = source.heads
        self.to_q, self.to_k, self.to_v, self.to_out = source.to_q, source.to_k, source.to_v, source.to_out

    def forward(
        self, x: Tensor, context: Tensor, head_weights: Tensor, read: bool, output: bool
    ) -> Tuple[Tensor, Tensor]:
        """x [B, N, C], context [B, M, W], head_weights [heads] -> (out [B, N, C], map [B, N, M]); both always."""
        queries, keys, values = self.to_q(x), self.to_k(context), self.to_v(context)
        width = queries.shape[-1] // self.heads
        outs, total = [], torch.zeros((), dtype=x.dtype)
        for head in range(self.heads):
            part = slice(head * width, (head + 1) * width)
            scores = queries[..., part] @ keys[..., part].transpose(1, 2) / width**0.5
            probabilities = torch.softmax(scores, -1)
            outs.append(probabilities @ values[..., part])
            total = total + head_weights[head].to(x.dtype) * probabilities
        return self.to_out[0](torch.cat(outs, -1)), total


def use_plain_attention(module: nn.Module) -> nn.Module:
    """Replace every ``Attention`` below ``module`` in place."""
    for child in module.modules():
        for name, part in list(child.named_children()):
            if isinstance(part, Attention):
                setattr(child, name, PlainAttention(part))
    return module
