"""DiffSeg: proposals from self-attention alone, and names for them by a vote."""

from typing import List

import torch
from torch import Tensor

from .aggregate import side_of
from .conventions import LOG_EPS
from .picture_labels import enlarge


def distance(one: Tensor, many: Tensor) -> Tensor:
    """(KL(p|q) + KL(q|p)) / 2 of one map [N] to each of [M, N] -> [M]"""
    ratio = torch.log(one + LOG_EPS) - torch.log(many + LOG_EPS)
    return ((one - many) * ratio).sum(1) / 2


def anchor_points(side: int, anchors: int) -> List[int]:
    """Indices of a grid of anchors, as far apart as whole steps allow, centred."""
    step = (side - 1) // (anchors - 1)
    start = (side - 1 - step * (anchors - 1)) // 2
    line = [start + step * i for i in range(anchors)]
    return [row * side + column for row in line for column in line]


def find_proposals(attention: Tensor, anchors: int, threshold: float, iterations: int) -> Tensor:
    """A_self [N, N] -> [M, N]"""
    proposals = []
    for point in anchor_points(side_of(attention.shape[0]), anchors):
        near = distance(attention[point], attention) < threshold
        proposals.append(attention[near].mean(0))
    proposals = torch.stack(proposals)
    for _ in range(iterations - 1):
        merged, taken = [], set()
        for i in range(len(proposals)):
            if i in taken:
                continue
            near = distance(proposals[i], proposals) < threshold
            taken.update(near.nonzero().flatten().tolist())
            merged.append(proposals[near].mean(0))
        proposals = torch.stack(merged)
    return proposals


def segment(proposals: Tensor, height: int, width: int) -> Tensor:
    """[M, N] -> int64 [height, width], the proposal that is largest at each pixel."""
    return enlarge(proposals.t(), height, width).argmax(0)


def number(segments: Tensor) -> Tensor:
    """Segments in the order of their areas, the largest first; equal ones in the order of their proposals."""
    areas = torch.bincount(segments.flatten())
    order = sorted(range(len(areas)), key=lambda i: (-areas[i].item(), i))
    rank = torch.zeros(len(areas), dtype=torch.uint8)
    for place, proposal in enumerate(order):
        rank[proposal] = min(place, 255)
    return rank[segments]


def name(segments: Tensor, labels: Tensor) -> Tensor:
    """Each segment's pixels take the label that most of them have, the first one of a tie."""
    result = torch.zeros_like(labels)
    for proposal in segments.unique().tolist():
        inside = segments == proposal
        result[inside] = torch.bincount(labels[inside].long()).argmax().to(torch.uint8)
    return result
