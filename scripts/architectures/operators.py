"""The operators of the native library that the scripted modules call, declared for PyTorch.

The engine has its own, with kernels for a GPU (native/core/kernels); a module that was scripted here finds those when it is
loaded there. What stands here is the same arithmetic by PyTorch, for training, for the reference and for exporting.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_library = torch.library.Library("invseg", "FRAGMENT")
_library.define("group_norm(Tensor x, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor")


def group_norm(x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float, silu: bool) -> Tensor:
    """x [B, C, h, w] -> group normalised, then, with ``silu``, x * sigmoid(x)."""
    normalised = F.group_norm(x, groups, weight, bias, eps)
    return F.silu(normalised) if silu else normalised


_library.impl("group_norm", group_norm, "CompositeImplicitAutograd")


class GroupNorm(torch.nn.GroupNorm):
    """``nn.GroupNorm``, followed by SiLU where ``silu``; parameters have the same names."""

    def __init__(self, groups: int, channels: int, eps: float, silu: bool):
        super().__init__(groups, channels, eps=eps)
        self.silu = silu

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.invseg.group_norm(x, self.num_groups, self.weight, self.bias, self.eps, self.silu)
