"""What the miniature learns from: the noise, and the masks that compositing gives for nothing.

The masks teach the attention maps directly, at every resolution, in the three quantities that segmentation by attention
uses: the cross-attention of each category, the self-attention within a region, and their product (eq. 2).
"""

from typing import Dict, List, NamedTuple, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .prompts import PromptBatch

EPS = 1e-6


def regions(masks: Tensor, batch: PromptBatch, resolution: int) -> Tensor:
    """masks uint8 [B, 64, 64] -> share of every category in every point, [B, N, C]; 0 where not supervised."""
    count = batch.members.shape[1]
    index = batch.lookup.gather(1, masks.flatten(1).long())  # [B, 4096]
    one_hot = F.one_hot(index, count + 1)[..., :count].transpose(1, 2).float()  # [B, C, 4096]
    side = masks.shape[-1]
    pooled = F.avg_pool2d(one_hot.view(-1, count, side, side), side // resolution)
    return pooled.flatten(2).transpose(1, 2)


def point_weights(target: Tensor) -> Tensor:
    """[B, N] weights of mean 1 over the supervised points: large regions count little more than small ones, since names are
    harder to learn than the background."""
    area = target.sum(1, keepdim=True).clamp_min(1.0)  # [B, 1, C]
    weights = (target / area**0.75).sum(-1)
    return weights / weights.mean().clamp_min(EPS)


def cross_entropy(shares: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """-Σ target log shares, averaged over points; shares and target [B, N, C]."""
    return -((target * (shares + EPS).log()).sum(-1) * weights).mean()


class SelfAttention(NamedTuple):
    """One layer's self-attention, a head apart."""

    probabilities: Tensor  # [B, heads, N, N]
    q: Tensor  # [B, heads, N, d], scaled
    k: Tensor  # [B, heads, N, d]


def attend(layers: Sequence[SelfAttention], maps: Tensor) -> Tensor:
    """Mean self-attention of a level times maps [B, N, M]."""
    total = torch.zeros(())
    for layer in layers:
        total = total + torch.matmul(layer.probabilities, maps.to(layer.q.dtype)[:, None]).float().mean(1)
    return total / len(layers)


def spread(layers: Sequence[SelfAttention], target: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of the rows of self-attention against the uniform distribution over the row's own region.

    Rows that are alike within a region and unlike between regions are what the clustering loss (eq. 3) looks for. Only
    the gradient is that of the cross-entropy, not the value: the gradient of a row's log-partition with respect to its
    scores is the row itself, so q · Σ_j a_ij k_j with a held constant stands for it, and no N x N matrix is made.
    """
    areas = target.sum(1, keepdim=True).clamp_min(1.0)  # [B, 1, C]
    total = torch.zeros(())
    for layer in layers:
        share = target.to(layer.k.dtype)[:, None]  # [B, 1, N, C]
        means = torch.matmul((target / areas).to(layer.k.dtype).transpose(1, 2)[:, None], layer.k)  # [B, heads, C, d]
        wanted = torch.matmul(share, means)  # [B, heads, N, d]
        given = torch.matmul(layer.probabilities.detach(), layer.k)
        supervised = share.sum(-1, keepdim=True)
        rows = (layer.q.float() * (wanted - supervised * given).float()).sum(-1).mean(1)  # [B, N]
        total = total - (rows * weights).mean()
    return total / len(layers)


def map_losses(self_layers: Sequence[List[SelfAttention]], cross_maps: List[Tensor], masks: Tensor, batch: PromptBatch) -> Dict[str, Tensor]:
    """``cross``, ``refined``, ``affinity`` and ``spread``, each the mean over the levels that were read.

    self_layers  for each level its self-attention layers, or nothing
    cross_maps   for each level [B, N, K], or an empty tensor
    """
    members = batch.members.transpose(1, 2)  # [B, K, C]
    losses: Dict[str, List[Tensor]] = {"cross": [], "refined": [], "affinity": [], "spread": []}
    shares = [torch.matmul(cross.float(), members).float() if cross.numel() else cross for cross in cross_maps]
    for level, cross in enumerate(cross_maps):
        if not cross.numel():
            continue
        resolution = int(round(cross.shape[1] ** 0.5))
        target = regions(masks, batch, resolution)
        weights = point_weights(target)
        losses["cross"].append(cross_entropy(shares[level], target, weights))
        if not self_layers[level]:
            continue
        mixed = shares[level]
        if level + 1 < len(shares) and shares[level + 1].numel():  # what inference reads: this level and the next
            coarse = shares[level + 1].transpose(1, 2).unflatten(2, (resolution // 2, resolution // 2))
            mixed = 0.5 * mixed + 0.5 * F.interpolate(coarse, scale_factor=2.0, mode="bilinear").flatten(2).transpose(1, 2)
        refined, within = attend(self_layers[level], torch.cat([mixed, target], -1)).chunk(2, -1)  # [B, N, C] each
        # Against the other categories only: min-max at inference removes each map's own scale.
        refined = refined / refined.sum(-1, keepdim=True).clamp_min(EPS)
        losses["refined"].append(cross_entropy(refined, target, weights))
        losses["affinity"].append(cross_entropy(within, target, weights))
        losses["spread"].append(spread(self_layers[level], target, weights))
    return {name: torch.stack(values).mean() for name, values in losses.items() if values}
