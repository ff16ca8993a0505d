"""Eq. 4-8: contrastive soft clustering, its sums as printed."""

from typing import NamedTuple

import torch
from torch import Tensor

from .distance import distances


class Cluster(NamedTuple):
    loss: Tensor  # eq. 8
    intra: Tensor  # eq. 6
    inter: Tensor  # eq. 7


def anchors(maps: Tensor, scale: float, centre: float) -> Tensor:
    """M [N, C] -> Anchor [N, C] = sigmoid(scale (M - centre)), the soft selection of confident points."""
    return torch.sigmoid(scale * (maps - centre))


def distance_to_map(distance: Tensor, weights: Tensor) -> Tensor:
    """Eq. 4: S [N, N], M^c [N] -> D(point, M^c) [N]."""
    return distance @ weights / weights.sum()


def distance_of_anchors(distance: Tensor, anchor: Tensor, weights: Tensor) -> Tensor:
    """Eq. 5: Anchor^c [N], M^c' [N] -> the scalar D(Anchor^c, M^c')."""
    return (anchor * distance_to_map(distance, weights)).sum() / anchor.sum()


def cluster_loss(
    self_map: Tensor,
    maps: Tensor,
    anchor_scale: float = 4.0,
    anchor_centre: float = 0.5,
    symmetric: bool = False,
    distance_constant: bool = False,
) -> Cluster:
    """A_self [N, N], M [N, C] -> L_Cluster. ``symmetric``: the mean of both orders of a pair instead of eq. 7's one."""
    distance = distances(self_map.detach() if distance_constant else self_map)
    anchor = anchors(maps, anchor_scale, anchor_centre)
    count = maps.shape[1]
    intra = maps.new_zeros(())
    for c in range(count):
        intra = intra + distance_of_anchors(distance, anchor[:, c], maps[:, c])
    inter = maps.new_zeros(())
    for earlier in range(count - 1):
        for later in range(earlier + 1, count):
            pair = distance_of_anchors(distance, anchor[:, later], maps[:, earlier])
            if symmetric:
                pair = (pair + distance_of_anchors(distance, anchor[:, earlier], maps[:, later])) / 2
            inter = inter + pair
    loss = intra / count
    if count > 1:
        loss = loss - 2 * inter / (count * (count - 1))
    return Cluster(loss, intra, inter)
