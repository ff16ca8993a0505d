"""The diffusion schedule, its noise, and the sinusoids of a timestep."""

import math
from typing import List

import torch
from torch import Tensor


def alpha_bars(steps: int = 1000, beta_start: float = 0.00085, beta_end: float = 0.012) -> Tensor:
    """float64 [steps]: the cumulative product of 1 - beta, betas linear in their square roots."""
    betas = torch.linspace(math.sqrt(beta_start), math.sqrt(beta_end), steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0)


def draw_noise(seed: int, views: int, shape: List[int]) -> Tensor:
    """float64 [views, *shape] from a CPU generator: float32 draws, view after view."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(shape, generator=generator) for _ in range(views)]).double()


def add_noise(latent: Tensor, noise: Tensor, timestep: int, alpha_bar: Tensor) -> Tensor:
    """x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps."""
    return alpha_bar[timestep].sqrt() * latent + (1 - alpha_bar[timestep]).sqrt() * noise


def sinusoids(timestep: int, width: int) -> Tensor:
    """float64 [width]: cosines, then sines, of timestep * 10000^(-i / (width / 2))."""
    half = width // 2
    angles = timestep * 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    return torch.cat([angles.cos(), angles.sin()])
