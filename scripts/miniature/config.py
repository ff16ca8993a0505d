"""What every part of the miniature's training agrees on: words, folders, the noise schedule."""

import os

CLASSES = [
    "airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog", "horse",
    "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv monitor",
]  # fmt: skip
BACKGROUNDS = ["grass", "sky", "water", "sand", "snow", "road", "wall", "wood", "trees", "night"]

# Mask values: 0 is background in an exported mask, 1..20 the classes in VOC's order. In training, background carries
# the word that describes it, so that captions can be supervised too: FIRST_BACKGROUND + index in BACKGROUNDS.
FIRST_BACKGROUND = 100
UNNAMED_BACKGROUND = FIRST_BACKGROUND + len(BACKGROUNDS)  # photographs: background and nothing more

PICTURE = 128  # side of a picture, pixels
LATENT_STRIDE = 4  # pixels a latent point

STEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
CACHE = os.environ.get("MINIATURE_CACHE", os.path.join(REPOSITORY, ".cache", "miniature"))
# The shipped model and the plain one, trained on the diffusion loss alone: bundles, and checkpoints in the cache folder.
BUNDLES = {
    "shipped": os.path.join(REPOSITORY, "models", "miniature"),
    "plain": os.path.join(REPOSITORY, "models", "miniature-plain"),
}
CHECKPOINTS = {"shipped": "diffusion.pt", "plain": "plain.pt"}


def cache(*names: str) -> str:
    """A path under the cache folder, its parent created."""
    path = os.path.join(CACHE, *names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def alphas_cumulative():
    """[STEPS] float64 tensor of the cumulated alphas of the scaled-linear schedule."""
    import torch

    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0)
