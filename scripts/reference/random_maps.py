"""Attention maps with the texture of real ones: softmax of smooth random logits, of a given entropy."""

import math
from typing import Callable

import torch
from torch import Tensor


def smooth_fields(side: int, count: int, generator: torch.Generator) -> Tensor:
    """float64 [side^2, count] of smooth random fields with zero mean and unit variance."""
    spectrum = torch.fft.rfft2(torch.randn(count, side, side, generator=generator, dtype=torch.float64))
    rows = torch.fft.fftfreq(side, dtype=torch.float64)[:, None] * side
    columns = torch.fft.rfftfreq(side, dtype=torch.float64)[None] * side
    fields = torch.fft.irfft2(spectrum * torch.exp(-(rows**2 + columns**2) / 18), s=(side, side)).flatten(1).t()
    return (fields - fields.mean(0)) / fields.std(0)


def mean_entropy(rows: Tensor) -> float:
    """[R, N] of distributions -> the mean entropy of a row in nats."""
    return -(rows * torch.log(rows.clamp_min(1e-300))).sum(1).mean().item()


def solve_gain(entropy_at: Callable[[float], float], target: float) -> float:
    """The gain where a decreasing function of it meets ``target``, by bisection of its logarithm."""
    low, high = 1e-3, 1e3
    for _ in range(24):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if entropy_at(middle) > target else (low, middle)
    return math.sqrt(low * high)


def random_self_map(side: int, entropy: float, seed: int) -> Tensor:
    """float32 [N, N], rows sum to 1, their mean entropy is ``entropy`` * log N; similar points have similar rows.

    With many points the gain is solved on some rows, which are representative and save most of the time.
    """
    generator = torch.Generator().manual_seed(seed)
    features = smooth_fields(side, 8, generator)
    logits = features @ features.t() / math.sqrt(features.shape[1])
    some = logits if side <= 16 else logits[::5]
    gain = solve_gain(lambda g: mean_entropy(torch.softmax(g * some, 1)), entropy * math.log(side * side))
    return torch.softmax(gain * logits, 1).float()


def random_cross_map(side: int, keys: int, seed: int, gain: float = 2.0) -> Tensor:
    """float32 [N, keys], rows sum to 1: every key prefers a smooth region."""
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(gain * smooth_fields(side, keys, generator), 1).float()
