"""Eq. 2: M = norm(A_self A_cross)."""

from torch import Tensor

from .conventions import min_max


def refine(self_map: Tensor, cross_map: Tensor, iterations: int = 1) -> Tensor:
    """A_self [N, N], A_cross [N, C] -> M [N, C] in [0, 1]; A_self is applied ``iterations`` times."""
    refined = cross_map
    for _ in range(iterations):
        refined = self_map @ refined
    return min_max(refined, 0)
