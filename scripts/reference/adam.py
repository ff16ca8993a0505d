"""One step of Adam (Kingma and Ba, algorithm 1)."""

from typing import NamedTuple

from torch import Tensor


class AdamState(NamedTuple):
    parameter: Tensor
    first_moment: Tensor
    second_moment: Tensor


def adam_step(
    state: AdamState, gradient: Tensor, step: int, learning_rate: float, beta1: float, beta2: float, eps: float
) -> AdamState:
    """``step`` counts from 1."""
    first = beta1 * state.first_moment + (1 - beta1) * gradient
    second = beta2 * state.second_moment + (1 - beta2) * gradient**2
    corrected_first = first / (1 - beta1**step)
    corrected_second = second / (1 - beta2**step)
    parameter = state.parameter - learning_rate * corrected_first / (corrected_second.sqrt() + eps)
    return AdamState(parameter, first, second)
