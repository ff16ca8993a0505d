"""Attention as written, in the precision of its input; replaces the architectures' own, which is in float32."""

from typing import List, Tuple

import torch
from torch import Tensor, nn

from architectures.attention import Attention, CrossAttention, SelfAttention


class PlainAttention(nn.Module):
    """softmax(Q K^T / sqrt(d)) V per head, the probabilities' weighted sum over heads beside it."""

    def __init__(self, source: Attention):
        super().__init__()
        self.heads = source.heads
        self.to_q, self.to_k, self.to_v, self.to_out = source.to_q, source.to_k, source.to_v, source.to_out

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, head_weights: Tensor, output: bool
    ) -> Tuple[Tensor, Tensor]:
        """queries [B, N, C], keys and values [B, M, C], head_weights [heads] -> (out [B, N, C], map [B, N, M]).

        ``out`` is 0 unless ``output``: the last layer that anybody reads has no values of a prompt.
        """
        width = queries.shape[-1] // self.heads
        outs, total = [], torch.zeros((), dtype=queries.dtype)
        for head in range(self.heads):
            part = slice(head * width, (head + 1) * width)
            scores = queries[..., part] @ keys[..., part].transpose(1, 2) / width**0.5
            probabilities = torch.softmax(scores, -1)
            if output:
                outs.append(probabilities @ values[..., part])
            total = total + head_weights[head].to(queries.dtype) * probabilities
        return self.to_out[0](torch.cat(outs, -1)) if output else torch.zeros_like(queries), total


class PlainSelfAttention(PlainAttention):
    def forward(self, x: Tensor, head_weights: Tensor, read: bool, output: bool) -> Tuple[Tensor, Tensor]:
        return self.attend(self.to_q(x), self.to_k(x), self.to_v(x), head_weights, output)


class PlainCrossAttention(PlainAttention):
    def forward(
        self, x: Tensor, states: List[Tensor], head_weights: Tensor, read: bool, output: bool
    ) -> Tuple[Tensor, Tensor]:
        """``states`` are the outputs of ``to_k`` and ``to_v`` for the prompt."""
        return self.attend(self.to_q(x), states[0], states[-1], head_weights, output)


def use_plain_attention(module: nn.Module) -> nn.Module:
    """Replace every ``Attention`` below ``module`` in place."""
    for child in module.modules():
        for name, part in list(child.named_children()):
            if isinstance(part, SelfAttention):
                setattr(child, name, PlainSelfAttention(part))
            elif isinstance(part, CrossAttention):
                setattr(child, name, PlainCrossAttention(part))
    return module
