"""Small numbers and rules that the paper leaves open; they equal those of native/core."""

import torch
from torch import Tensor

LOG_EPS = 1e-8  # log(p + eps) in eq. 3 and in the entropy: min-max puts an exact 0 in every map
MIN_MAX_EPS = 1e-8  # floor of a map's range, so that a constant map becomes 0


def min_max(x: Tensor, dim: int) -> Tensor:
    """norm(.) of eq. 2 over ``dim``: (x - min) / max(max - min, eps), in [0, 1]."""
    low = x.amin(dim, keepdim=True)
    high = x.amax(dim, keepdim=True)
    return (x - low) / (high - low).clamp_min(MIN_MAX_EPS)
