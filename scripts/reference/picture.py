"""A picture as the VAE encoder sees it."""

import torch.nn.functional as F
from torch import Tensor


def canonical(rgb: Tensor, size: int) -> Tensor:
    """uint8 [h, w, 3] -> float64 [1, 3, size, size] in [-1, 1]; bilinear, antialiased where it shrinks."""
    picture = rgb.permute(2, 0, 1)[None].double()
    if picture.shape[-2:] != (size, size):
        picture = F.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    return picture / 127.5 - 1
