"""iSeg's iterated refinement with self-attention of reduced entropy."""

import math

import torch
from torch import Tensor


def reduce_entropy(attention: Tensor, strength: float) -> Tensor:
    """[N, N], rows sum to 1 -> [N, N]: what a point attends to weakly counts for less, rows sum to 1 again."""
    relative = attention / attention.max(0, keepdim=True).values  # by the key's largest value over the queries
    change = strength * torch.log10(math.e * relative)
    lowered = torch.where(relative == 0, relative, relative + change).clamp(min=0)
    return lowered / lowered.sum(1, keepdim=True)


def unit_sum(maps: Tensor) -> Tensor:
    """[N, C]: each map less its minimum, over its sum."""
    above = maps - maps.min(0, keepdim=True).values
    return above / above.sum(0, keepdim=True)


def refine_iterated(attention: Tensor, maps: Tensor, iterations: int) -> Tensor:
    """A [N, N], c [N, C]: c becomes A c, brought to sum 1, again and again."""
    maps = unit_sum(maps)
    for _ in range(iterations):
        maps = unit_sum(attention @ maps)
    return maps
