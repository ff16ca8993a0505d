"""A_self and A_cross: the maps of several resolutions brought to one frame and summed ('Diffusion Models')."""

from typing import List

import torch
import torch.nn.functional as F
from torch import Tensor

from .conventions import min_max


def side_of(points: int) -> int:
    side = round(points**0.5)
    if side * side != points:
        raise ValueError(f"{points} points are no square")
    return side


def enlarge_bilinear(rows: Tensor, size: int) -> Tensor:
    """[R, side^2] -> [R, size^2], each row a square picture, pixel centres aligned by their areas."""
    side = side_of(rows.shape[1])
    pictures = rows.view(-1, 1, side, side)
    return F.interpolate(pictures, size=(size, size), mode="bilinear", align_corners=False).reshape(-1, size * size)


def nearest_rows(side: int, size: int) -> Tensor:
    """[size^2] for each point of the frame, the point of a side x side map whose cell holds its centre."""
    line = (2 * torch.arange(size) + 1) * side // (2 * size)
    return (line[:, None] * side + line[None]).flatten()


def aggregate_cross(maps: List[Tensor], weights: List[float], size: int, min_max_each: bool = False) -> Tensor:
    """Maps [side^2, K] of each resolution -> A_cross [size^2, K], the weighted sum of the enlarged maps."""
    total = None
    for attention, weight in zip(maps, weights):
        enlarged = enlarge_bilinear(attention.t(), size).t()
        if min_max_each:
            enlarged = min_max(enlarged, 0)
        total = weight * enlarged if total is None else total + weight * enlarged
    return total


def aggregate_self(maps: List[Tensor], weights: List[float], size: int) -> Tensor:
    """Maps [side^2, side^2] -> A_self [size^2, size^2].

    Keys are enlarged bilinearly, each map is renormalised to sum 1, queries are repeated to the nearest.
    """
    total = None
    for attention, weight in zip(maps, weights):
        enlarged = enlarge_bilinear(attention, size)
        enlarged = enlarged / enlarged.sum(1, keepdim=True)
        enlarged = enlarged[nearest_rows(side_of(attention.shape[0]), size)]
        total = weight * enlarged if total is None else total + weight * enlarged
    return total
