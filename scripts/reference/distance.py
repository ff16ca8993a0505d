"""Eq. 3: the distance between all pairs of points, built explicitly."""

import torch
from torch import Tensor

from .conventions import LOG_EPS


def kl(p: Tensor, q: Tensor) -> Tensor:
    """p [R, N], q [M, N] -> KL(p_i || q_j) [R, M] = sum_k p_ik (log p_ik - log q_jk)."""
    log_p = torch.log(p + LOG_EPS)
    log_q = torch.log(q + LOG_EPS)
    return (p * log_p).sum(1)[:, None] - p @ log_q.t()


def distances(self_map: Tensor) -> Tensor:
    """A_self [N, N] -> S [N, N], S_ij = KL(p_i || p_j) + KL(p_j || p_i), p_i the row of point i."""
    forward = kl(self_map, self_map)
    return forward + forward.t()
