"""iSeg's clusters: each point's cross-attention becomes its cluster's mean."""

import torch
from torch import Tensor

from .aggregate import side_of

CLUSTER_EPS = 1e-5  # in every component before the logarithm


def cluster_means(cross: Tensor, grid: int, iterations: int) -> Tensor:
    """A_cross [N, K] -> [N, K]; k-means with the distance 1/2 sum (a - b)(ln a - ln b), seeds on a raster."""
    side = side_of(cross.shape[0])
    line = range(0, side, -(-side // grid))
    points = cross + CLUSTER_EPS
    centres = torch.stack([points[row * side + column] for row in line for column in line])
    nearest = None
    for _ in range(iterations):
        distances = []
        for centre in centres:
            distances.append(((points - centre) * (points.log() - centre.log())).sum(1) / 2)
        nearest = torch.stack(distances).argmin(0)
        centres = torch.stack([points[nearest == cluster].mean(0) for cluster in nearest.unique().tolist()])
    result = torch.empty_like(cross)
    for cluster in nearest.unique().tolist():
        result[nearest == cluster] = cross[nearest == cluster].mean(0)
    return result
