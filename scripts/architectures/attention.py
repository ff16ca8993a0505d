"""Attention that can hand out its probabilities, and the transformer block around it."""

from typing import Tuple

import torch
from torch import Tensor, nn

from .operators import GroupNorm, Linear


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

    def values(self, context: Tensor, x: Tensor) -> Tensor:
        return self.states(self.to_v(context.to(self.to_v.weight.dtype)), x)

    def states(self, projected: Tensor, x: Tensor) -> Tensor:
        """Keys or values [P, M, C] -> [B, heads, M, d] of the type of x [B, N, C]; entry b takes prompt b modulo P."""
        prompts, batch = projected.shape[0], x.shape[0]
        heads = self.split(projected.to(x.dtype))
        if prompts != batch:
            views = batch // prompts
            heads = heads.unsqueeze(0).expand(views, -1, -1, -1, -1).reshape(batch, self.heads, heads.shape[2], -1)
        return heads

    def forward(
        self, x: Tensor, context: Tensor, head_weights: Tensor, read: bool, output: bool
    ) -> Tuple[Tensor, Tensor]:
        """x [B, N, C], context [P, M, W] with P a divisor of B, head_weights [heads] -> (out [B, N, C], map [B, N, M] fp32).

        ``map`` is empty unless ``read``; ``out`` is empty unless ``output`` (the last layer anybody reads needs none).
        """
        q = self.split(self.to_q(x))
        # The projections have the type of their weights: float32 for a prompt that is being learnt.
        k = self.states(self.to_k(context.to(self.to_k.weight.dtype)), x)
        attention = torch.empty(0, device=x.device)
        out = torch.empty(0, device=x.device, dtype=x.dtype)
        if read:
            values = self.values(context, x) if output else None
            out, attention = torch.ops.invseg.read_attention(q, k, values, head_weights)
        elif output:
            out = torch.ops.invseg.attention(q, k, self.values(context, x))
        if output:
            out = self.to_out[0](out.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))
        return out, attention


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
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = Attention(width, context_width, heads)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        self_heads: Tensor,
        cross_heads: Tensor,
        read_self: bool,
        read_cross: bool,
        last: bool,
        key_gradient_only: bool,
    ) -> Tuple[Tensor, Tensor, Tensor]:
        if key_gradient_only:
            x = x.detach()
        normed = self.norm1(x)
        out, self_map = self.attn1(normed, normed, self_heads, read_self, not last or read_cross)
        cross_map = torch.empty(0, device=x.device)
        if not last or read_cross:
            x = x + out
            out, cross_map = self.attn2(self.norm2(x), context, cross_heads, read_cross, not last)
        if not last:
            if key_gradient_only:
                out = out.detach()
            x = x + out
            x = x + self.ff(self.norm3(x))
        return x, self_map, cross_map


class Transformer(nn.Module):
    """The spatial transformer of one attention layer: [B, C, h, w] in and out, linear projections, one block."""

    def __init__(self, width: int, context_width: int, heads: int, groups: int, eps: float, layer: int, level: int):
        super().__init__()
        self.layer = layer
        self.level = level
        self.heads = heads
        self.norm = GroupNorm(groups, width, eps, silu=False)
        self.proj_in = Linear(width, width)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, context_width, heads)])
        self.proj_out = Linear(width, width)

    def forward(
        self,
        x: Tensor,
        context: Tensor,
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
            context,
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
