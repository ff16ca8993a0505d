"""The operators of the native library that the scripted modules call, declared for PyTorch, and modules made of them.

The engine has its own, with kernels for a GPU (native/core/kernels); a module that was scripted here finds those when it is
loaded there. What stands here is the same arithmetic by PyTorch, for training, for the reference and for exporting.
"""

from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_library = torch.library.Library("invseg", "FRAGMENT")


def operator(schema: str):
    """Declares ``schema`` in the namespace ``invseg`` with the decorated function as what it does."""

    def declare(function):
        _library.define(schema)
        _library.impl(schema.split("(")[0], function, "CompositeImplicitAutograd")
        return function

    return declare


@operator("group_norm(Tensor x, Tensor? added, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor")
def group_norm(
    x: Tensor, added: Optional[Tensor], groups: int, weight: Tensor, bias: Tensor, eps: float, silu: bool
) -> Tensor:
    """x [B, C, h, w] + added [B or 1, C] -> group normalised, then, with ``silu``, x * sigmoid(x)."""
    if added is not None:
        x = x + added[:, :, None, None]
    normalised = F.group_norm(x, groups, weight, bias, eps)
    return F.silu(normalised) if silu else normalised


@operator("conv2d(Tensor x, Tensor weight, Tensor? bias, int stride, int padding, Tensor? residual) -> Tensor")
def conv2d(
    x: Tensor, weight: Tensor, bias: Optional[Tensor], stride: int, padding: int, residual: Optional[Tensor]
) -> Tensor:
    """A convolution with its bias, plus ``residual``. Padding -1: one row and one column of zeros after the last alone."""
    if padding < 0:
        x, padding = F.pad(x, (0, 1, 0, 1)), 0
    y = F.conv2d(x, weight, bias, stride, padding)
    return y if residual is None else y + residual


@operator("geglu(Tensor x) -> Tensor")
def geglu(x: Tensor) -> Tensor:
    """x [..., 2 D] -> first half * gelu(second half)."""
    value, gate = x.chunk(2, dim=-1)
    return value * F.gelu(gate)


@operator("linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor")
def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    """x [..., C], weight [D, C], bias [D] -> [..., D]."""
    return F.linear(x, weight, bias)


@operator("projections(Tensor x, Tensor[] weights) -> Tensor[]")
def projections(x: Tensor, weights: List[Tensor]) -> List[Tensor]:
    """x [..., C], weights [D_i, C] -> each [..., D_i]: one product where the engine laid the weights side by side."""
    return [F.linear(x, weight) for weight in weights]


@operator("prompt_states(Tensor context, Tensor[] weights, Tensor like) -> Tensor[]")
def prompt_states(context: Tensor, weights: List[Tensor], like: Tensor) -> List[Tensor]:
    """context [P, M, W], weights [C_i, W] -> each [B, M, C_i] of the type of like [B, ...]; entry b is of prompt b modulo P.

    The products have the type of their weights: float32 for a prompt that is being learnt.
    """
    views = like.shape[0] // context.shape[0]
    states = [F.linear(context.to(weight.dtype), weight).to(like.dtype) for weight in weights]
    return states if views == 1 else [state.repeat(views, 1, 1) for state in states]


@operator("time_states(Tensor time, Tensor[] weights, Tensor[] biases, Tensor[] more) -> Tensor[]")
def time_states(time: Tensor, weights: List[Tensor], biases: List[Tensor], more: List[Tensor]) -> List[Tensor]:
    """time [B, T], weights [C_i, T], biases and more [C_i] -> each [B, C_i]: time times the weights, plus both vectors.

    One product where the engine laid all three side by side; what comes out there are columns of one tensor.
    """
    return [F.linear(time, weight, bias) + m for weight, bias, m in zip(weights, biases, more)]


@operator("layer_norm(Tensor x, Tensor weight, Tensor bias, float eps) -> Tensor")
def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """x [..., C] -> normalised over C, times weight [C], plus bias [C]."""
    return F.layer_norm(x, [x.shape[-1]], weight, bias, eps)


@operator("add_layer_norm(Tensor x, Tensor more, Tensor weight, Tensor bias, float eps) -> (Tensor, Tensor)")
def add_layer_norm(x: Tensor, more: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tuple[Tensor, Tensor]:
    """x and more [..., C] -> (x + more, that normalised)."""
    total = x + more
    return total, layer_norm(total, weight, bias, eps)


@operator("attention(Tensor q, Tensor k, Tensor v) -> Tensor")
def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """q [B, heads, N, d], k and v [B, heads, M, d] -> [B, heads, N, d], the fused kernel."""
    return F.scaled_dot_product_attention(q, k, v)


@operator("read_attention(Tensor q, Tensor k, Tensor? v, Tensor head_weights) -> (Tensor, Tensor)")
def read_attention(q: Tensor, k: Tensor, v: Optional[Tensor], head_weights: Tensor) -> Tuple[Tensor, Tensor]:
    """q [B, heads, N, d], k and v [B, heads, M, d] -> (out [B, heads, N, d], empty without v; map [B, N, M] float32).

    Softmax in float32, since float16 scores of the 768-pixel model overflow; ``map`` is the weighted sum over the heads.
    """
    scale = float(q.shape[-1]) ** -0.5
    probabilities = torch.matmul(q.float() * scale, k.float().transpose(-1, -2)).softmax(-1)
    weights = head_weights.float().view(1, 1, -1)
    attention = torch.matmul(weights, probabilities.flatten(2)).view(q.shape[0], q.shape[2], k.shape[2])
    if v is None:
        return torch.empty(0, device=q.device, dtype=q.dtype), attention
    return torch.matmul(probabilities.to(q.dtype), v), attention


class Linear(nn.Linear):
    """``nn.Linear`` by the operator above."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.invseg.linear(x, self.weight, self.bias)


class LayerNorm(nn.LayerNorm):
    """``nn.LayerNorm`` over the last dimension by the operators above."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.invseg.layer_norm(x, self.weight, self.bias, self.eps)

    def after(self, x: Tensor, more: Tensor) -> Tuple[Tensor, Tensor]:
        """(x + more, that normalised)"""
        return torch.ops.invseg.add_layer_norm(x, more, self.weight, self.bias, self.eps)


class GroupNorm(nn.GroupNorm):
    """``nn.GroupNorm`` of x + added, followed by SiLU where ``silu``; parameters have the same names."""

    def __init__(self, groups: int, channels: int, eps: float, silu: bool):
        super().__init__(groups, channels, eps=eps)
        self.silu = silu

    def forward(self, x: Tensor, added: Optional[Tensor] = None) -> Tensor:
        return torch.ops.invseg.group_norm(x, added, self.num_groups, self.weight, self.bias, self.eps, self.silu)


class Conv2d(nn.Conv2d):
    """``nn.Conv2d`` with a square kernel and a bias, which ``bare`` leaves to whoever comes next."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0):
        super().__init__(in_channels, out_channels, kernel, stride=stride, padding=max(padding, 0))
        self.step = stride
        self.border = padding

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.invseg.conv2d(x, self.weight, self.bias, self.step, self.border, None)

    def bare(self, x: Tensor) -> Tensor:
        return torch.ops.invseg.conv2d(x, self.weight, None, self.step, self.border, None)

    def onto(self, x: Tensor, residual: Tensor, more_bias: Optional[Tensor]) -> Tensor:
        """The convolution with its bias, and another's, added to ``residual``."""
        bias = self.vector()
        if more_bias is not None:
            bias = bias + more_bias
        return torch.ops.invseg.conv2d(x, self.weight, bias, self.step, self.border, residual)

    def vector(self) -> Tensor:
        """The bias [out channels], which TorchScript takes for optional."""
        bias = self.bias
        assert bias is not None
        return bias


class Shortcut(Conv2d):
    """The 1 x 1 convolution beside a resnet's two; its bias is added with the last one's."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        return self.bare(x), self.vector()


class NoShortcut(nn.Module):
    """A resnet's input as it is."""

    def forward(self, x: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        return x, None


def shortcut(in_channels: int, out_channels: int) -> nn.Module:
    """What gives a resnet's input the width of its output, and the bias that is still to be added."""
    return Shortcut(in_channels, out_channels) if in_channels != out_channels else NoShortcut()
