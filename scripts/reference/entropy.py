"""Entropy of the mean map over views ('Entropy Minimization' in the paper)."""

import torch
from torch import Tensor

from .conventions import LOG_EPS


def mean_over_views(maps: Tensor, coverage: Tensor) -> Tensor:
    """maps [V, N, C] in the canonical frame, coverage [V, N] -> [N, C], the mean over the views that cover a point."""
    count = coverage.sum(0).clamp_min(1)
    return (maps * coverage[:, :, None]).sum(0) / count[:, None]


def entropy_loss(
    maps: Tensor, coverage: Tensor, normalise: str = "none", reduce: str = "mean", region: str = "covered"
) -> Tensor:
    """The mean (or sum) over points of -sum_c Mbar^c log(Mbar^c + eps).

    ``normalise`` over the categories: none | l1 | softmax. ``region``: points that any view covers, or that all cover.
    """
    mean = mean_over_views(maps, coverage)
    if normalise == "l1":
        mean = mean / mean.sum(1, keepdim=True).clamp_min(LOG_EPS)
    elif normalise == "softmax":
        mean = mean.softmax(1)
    entropy = -(mean * torch.log(mean + LOG_EPS)).sum(1)
    covering = coverage.sum(0)
    inside = covering > 0 if region == "covered" else covering == coverage.shape[0]
    total = entropy[inside].sum()
    if reduce == "sum":
        return total
    return total / max(int(inside.sum()), 1)
