"""Crops of a picture and the way back: the views' maps in the frame of the whole picture.

A box is (top, left, height, width) as fractions of the picture. Point i of a line of S points has its centre at
(i + 0.5) / S; between centres values are bilinear, outside the outermost centres they stay.
"""

from typing import Tuple

import torch
from torch import Tensor


def sample_line(position: Tensor, size: int) -> Tuple[Tensor, Tensor, Tensor]:
    """Positions in points [n] -> (lower index, upper index, weight of the upper)."""
    position = position.clamp(0, size - 1)
    lower = position.floor().clamp_max(max(size - 2, 0))
    upper = (lower + 1).clamp_max(size - 1)
    return lower.long(), upper.long(), position - lower


def sample(picture: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """[channels, S, S] at the grid of positions rows [n] x columns [m] -> [channels, n, m], bilinear."""
    size = picture.shape[1]
    top, bottom, down = sample_line(rows, size)
    left, right, across = sample_line(columns, size)
    down = down[:, None]
    upper = picture[:, top][:, :, left] * (1 - across) + picture[:, top][:, :, right] * across
    lower = picture[:, bottom][:, :, left] * (1 - across) + picture[:, bottom][:, :, right] * across
    return upper * (1 - down) + lower * down


def crop(picture: Tensor, box: Tensor) -> Tensor:
    """[channels, S, S], box [4] -> the crop, resized to S x S."""
    size = picture.shape[1]
    centres = (torch.arange(size, dtype=picture.dtype) + 0.5) / size
    top, left, height, width = box.to(picture.dtype)
    return sample(picture, (top + height * centres) * size - 0.5, (left + width * centres) * size - 0.5)


def map_back(maps: Tensor, box: Tensor) -> Tuple[Tensor, Tensor]:
    """A view's maps [size^2, C] -> (maps in the canonical frame [size^2, C], coverage [size^2] of 0 and 1)."""
    size = round(maps.shape[0] ** 0.5)
    centres = (torch.arange(size, dtype=maps.dtype) + 0.5) / size
    top, left, height, width = box.to(maps.dtype)
    rows = (centres - top) / height
    columns = (centres - left) / width
    picture = maps.t().reshape(-1, size, size)
    back = sample(picture, rows * size - 0.5, columns * size - 0.5).flatten(1).t()
    inside_rows = (rows >= 0) & (rows <= 1)
    inside_columns = (columns >= 0) & (columns <= 1)
    coverage = (inside_rows[:, None] & inside_columns[None]).flatten().to(maps.dtype)
    return back, coverage
