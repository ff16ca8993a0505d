"""Attention that can hand out its probabilities, and the transformer block around it."""

from typing import List, Tuple

import torch
from torch import Tensor, nn

from .operators import GroupNorm, LayerNorm, Linear


class Attention(nn.Module):
    """Multi-head attention, softmax(QK^T / sqrt(d)) V, without bias in q, k, v.

    With ``read`` the probabilities are computed explicitly and leave as their weighted sum over heads; without it the fused
    kernel runs and nothing of size N x M is kept.
    """

    def __init__(self, query_width: int, context_width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.to_q = Linear(query_width, query_width, bias=False)
        self.to_k = Linear(context_width, query_width, bias=False)
        self.to_v = Linear(context_width, query_width, bias=False)
        self.to_out = nn.ModuleList([Linear(query_width, query_width)])

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)  # [B, heads, N, d]

    def attend(
        self, queries: Tensor, states: List[Tensor], head_weights: Tensor, read: bool, output: bool
    ) -> Tuple[Tensor, Tensor]:
        """queries [B, N, C], states [keys, values] each [B, M, C], head_weights [heads] -> (out [B, N, C], map [B, N, M] fp32).

        ``map`` is empty unless ``read``; ``out`` is empty unless ``output`` (the last layer anybody reads needs none, nor values).
        """
        q, k = self.split(queries), self.split(states[0])
        attention = torch.empty(0, device=queries.device)
        out = torch.empty(0, device=queries.device, dtype=queries.dtype)
        if read:
            values = self.split(states[1]) if output else None
            out, attention = torch.ops.invseg.read_attention(q, k, values, head_weights)
        elif output:
            out = torch.ops.invseg.attention(q, k, self.split(states[1]))
        if output:
            out = self.to_out[0](out.transpose(1, 2).reshape(queries.shape))
        return out, attention


class SelfAttention(Attention):
    """Every point attends to all points."""

    def __init__(self, width: int, heads: int):
        super().__init__(width, width, heads)

    def forward(self, x: Tensor, head_weights: Tensor, read: bool, output: bool) -> Tuple[Tensor, Tensor]:
        """x [B, N, C]; see ``attend``."""
        weights = [self.to_q.weight, self.to_k.weight]
        if output:
            weights.append(self.to_v.weight)
        projected = torch.ops.invseg.projections(x, weights)
        return self.attend(projected[0], projected[1:], head_weights, read, output)


class CrossAttention(Attention):
    """Every point attends to the prompt, whose keys and values the U-Net makes for all layers at once."""

    def forward(
        self, x: Tensor, states: List[Tensor], head_weights: Tensor, read: bool, output: bool
    ) -> Tuple[Tensor, Tensor]:
        """x [B, N, C], states [keys, values] of ``to_k`` and ``to_v``; see ``attend``."""
        return self.attend(self.to_q(x), states, head_weights, read, output)


class GEGLU(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.proj = Linear(width, inner * 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.invseg.geglu(self.proj(x))


class FeedForward(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        # Index 1 is a dropout in the published model; an identity keeps the parameter names.
        self.net = nn.ModuleList([GEGLU(width, width * 4), nn.Identity(), Linear(width * 4, width)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention, feed-forward, each with its LayerNorm and residual."""

    def __init__(self, width: int, context_width: int, heads: int):
        super().__init__()
        self.norm1 = LayerNorm(width)
        self.attn1 = SelfAttention(width, heads)
        self.norm2 = LayerNorm(width)
        self.attn2 = CrossAttention(width, context_width, heads)
        self.norm3 = LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(
        self,
        x: Tensor,
        states: List[Tensor],
        self_heads: Tensor,
        cross_heads: Tensor,
        read_self: bool,
        read_cross: bool,
        last: bool,
        key_gradient_only: bool,
    ) -> Tuple[Tensor, Tensor, Tensor]:
        if key_gradient_only:
            x = x.detach()
        out, self_map = self.attn1(self.norm1(x), self_heads, read_self, not last or read_cross)
        cross_map = torch.empty(0, device=x.device)
        if not last or read_cross:
            x, normed = self.norm2.after(x, out)
            out, cross_map = self.attn2(normed, states, cross_heads, read_cross, not last)
        if not last:
            if key_gradient_only:
                out = out.detach()
            x, normed = self.norm3.after(x, out)
            x = x + self.ff(normed)
        return x, self_map, cross_map


class Transformer(nn.Module):
    """The spatial transformer of one attention layer: [B, C, h, w] in and out, linear projections, one block.

    ``states`` are the prompt's keys and values of all layers, [keys, values, keys, ...]; see ``UNet.prompt_weights``.
    """

    def __init__(self, width: int, context_width: int, heads: int, groups: int, eps: float, layer: int, level: int):
        super().__init__()
        self.layer = layer
        self.level = level
        self.heads = heads
        self.norm = GroupNorm(groups, width, eps, silu=False)
        self.proj_in = Linear(width, width)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, context_width, heads)])
        self.proj_out = Linear(width, width)

    def prompt_weights(self) -> List[Tensor]:
        """Of the prompt's keys and values, both [C, context width]."""
        attention = self.transformer_blocks[0].attn2
        return [attention.to_k.weight, attention.to_v.weight]

    def forward(
        self,
        x: Tensor,
        states: List[Tensor],
        self_heads: Tensor,
        cross_heads: Tensor,
        read_self: bool,
        read_cross: bool,
        last: bool,
        key_gradient_only: bool,
    ) -> Tuple[Tensor, Tensor, Tensor]:
        b, c, h, w = x.shape
        hidden = self.proj_in(self.norm(x).permute(0, 2, 3, 1).reshape(b, h * w, c))
        hidden, self_map, cross_map = self.transformer_blocks[0](
            hidden,
            states[2 * self.layer : 2 * self.layer + 2],
            self_heads[self.layer, : self.heads],
            cross_heads[self.layer, : self.heads],
            read_self,
            read_cross,
            last,
            key_gradient_only,
        )
        if not last:
            x = x + self.proj_out(hidden).view(b, h, w, c).permute(0, 3, 1, 2)
        return x, self_map, cross_map
