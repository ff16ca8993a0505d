"""Category maps -> labels of a picture, with the rules for the background."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .aggregate import side_of
from .conventions import min_max


def enlarge(maps: Tensor, height: int, width: int) -> Tensor:
    """[N, C] of a square picture -> [C, height, width], bilinear."""
    side = side_of(maps.shape[0])
    pictures = maps.t().reshape(1, -1, side, side)
    return F.interpolate(pictures, size=(height, width), mode="bilinear", align_corners=False)[0]


def label(maps: Tensor, height: int, width: int, rule: str, threshold: float, rescale: bool) -> Tensor:
    """[N, C] -> uint8 [height, width]; with a rule other than "word" the background's label is C."""
    pictures = enlarge(maps, height, width)
    if rescale:
        pictures = min_max(pictures.flatten(1), 1).view_as(pictures)
    best = pictures.max(0, keepdim=True).values
    if rule == "threshold":
        pictures = torch.cat([pictures, torch.full_like(best, threshold)])
    elif rule == "complement":
        pictures = torch.cat([pictures, (1 - best) ** 2])
    return pictures.argmax(0).to(torch.uint8)
