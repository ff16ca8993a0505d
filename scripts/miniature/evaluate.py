"""mIoU and mAcc of the diffusion baseline (no inversion) on held-out pictures, in PyTorch alone.

    python -m miniature.evaluate --count 300 --sets openmoji          (from scripts/)

M^c = minmax(A_self · A_cross^c) at the finest resolution, mean over a name's words, bilinear to the picture, argmax over
the names and ``background``. Several choices of resolutions are scored in one pass. ``wrong`` gives as many names that
the picture does not show, each standing in for a right one: a model that only tells figure from ground scores the same.
``inside`` is the share of the objects' points whose best name among the right foreground ones is theirs (chance: the
same for random names).
"""

import argparse
import json
import time
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .bundle import load_autoencoder
from .config import CHECKPOINTS, CLASSES, alphas_cumulative, cache
from .heldout import BACKGROUND_KINDS, Example, examples, select
from .latents import to_images
from .prompts import collate, names_prompt
from .tokenizer import WordTokenizer
from .train import Networks
from .words import BACKGROUND

Weights = Dict[int, float]
# Resolutions by level (0 the finest), with their weights.
CHOICES: Dict[str, Tuple[Weights, Weights]] = {
    "self 32, cross 32": ({0: 1}, {0: 1}),
    "self 32, cross 16": ({0: 1}, {1: 1}),
    "self 32, cross 32+16": ({0: 1}, {0: 1, 1: 1}),
    "self 32, cross 32+16+8": ({0: 1}, {0: 1, 1: 1, 2: 1}),
    "self 32+16, cross 32+16": ({0: 2, 1: 1}, {0: 1, 1: 1}),
    "self 16, cross 16": ({1: 1}, {1: 1}),
    "none, cross 32+16": ({}, {0: 1, 1: 1}),
}
DEFAULT = "self 32, cross 32+16"


def resize_cross(cross: Tensor, side: int) -> Tensor:
    """[B, n, K] -> [B, side², K], queries bilinear."""
    small = int(round(cross.shape[1] ** 0.5))
    grid = cross.transpose(1, 2).unflatten(2, (small, small))
    return F.interpolate(grid, (side, side), mode="bilinear").flatten(2).transpose(1, 2)


def resize_self(attention: Tensor, side: int) -> Tensor:
    """[B, n, n] -> [B, side², side²], keys bilinear and renormalised, queries repeated."""
    small = int(round(attention.shape[1] ** 0.5))
    if small == side:
        return attention
    keys = F.interpolate(attention.unflatten(2, (small, small)), (side, side), mode="bilinear").flatten(2)
    keys = keys / keys.sum(-1, keepdim=True)
    index = torch.arange(side) * small // side
    return keys[:, (index[:, None] * small + index[None]).flatten()]


def category_maps(self_maps: Sequence[Tensor], cross_maps: Sequence[Tensor], members: Tensor, choice: str) -> Tensor:
    """Refined, min-max normalised maps [B, C, side, side] at the finest level."""
    self_weights, cross_weights = CHOICES[choice]
    side = int(round(cross_maps[0].shape[1] ** 0.5))
    cross = sum(w * resize_cross(cross_maps[level], side) for level, w in cross_weights.items()) / sum(cross_weights.values())
    maps = cross @ (members / members.sum(-1, keepdim=True).clamp_min(1)).transpose(1, 2)  # [B, N, C]
    if self_weights:
        total = sum(self_weights.values())
        maps = sum(w / total * resize_self(self_maps[level], side) for level, w in self_weights.items()) @ maps
    low, high = maps.amin(1, keepdim=True), maps.amax(1, keepdim=True)
    return ((maps - low) / (high - low + 1e-8)).transpose(1, 2).unflatten(2, (side, side))


class Score:
    """Confusion counts over 21 classes."""

    def __init__(self) -> None:
        self.counts = np.zeros((21, 21), np.int64)
        self.inside = [0, 0]

    def add(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        self.counts += np.bincount(truth.astype(int).ravel() * 21 + predicted.ravel(), minlength=441).reshape(21, 21)

    def summary(self) -> Dict[str, float]:
        hit, truth, predicted = np.diag(self.counts), self.counts.sum(1), self.counts.sum(0)
        seen = truth > 0
        iou = hit / np.maximum(truth + predicted - hit, 1)
        return {
            "mIoU": 100 * float(iou[seen].mean()),
            "mAcc": 100 * float((hit / np.maximum(truth, 1))[seen].mean()),
            "inside": 100 * self.inside[0] / max(1, self.inside[1]),
        }

    def per_class(self) -> Dict[str, float]:
        hit = np.diag(self.counts)
        iou = hit / np.maximum(self.counts.sum(1) + self.counts.sum(0) - hit, 1)
        return {name: round(100 * float(iou[i]), 1) for i, name in enumerate(["background", *CLASSES])}


@torch.no_grad()
def evaluate(networks: Networks, encoder, scale: float, chosen: Sequence[Example], seed: int, t: int = 50) -> Dict[str, Dict[str, Score]]:
    """-> {"right" | "wrong": {choice: Score}}."""
    tokenizer, generator, rng = WordTokenizer(), torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    alpha = alphas_cumulative()[t].float()
    scores = {kind: {choice: Score() for choice in CHOICES} for kind in ("right", "wrong")}
    for example in chosen:
        latent = encoder(to_images(example.picture[None])).chunk(2, 1)[0] * scale
        noised = alpha.sqrt() * latent + (1 - alpha).sqrt() * torch.randn(latent.shape, generator=generator)
        absent = [i + 1 for i in range(20) if i + 1 not in example.labels]
        for kind in scores:
            labels: List[int] = example.labels if kind == "right" else [int(i) for i in rng.choice(absent, len(example.labels), replace=False)]
            batch = collate([names_prompt([*(CLASSES[i - 1] for i in labels), BACKGROUND], [[]] * (len(labels) + 1))], tokenizer)
            _, self_maps, cross_maps = networks(noised, torch.tensor([t]), batch.ids, (0, 1), (0, 1, 2), predict=False)
            for choice, score in scores[kind].items():
                maps = category_maps(self_maps, cross_maps, batch.members, choice)
                full = F.interpolate(maps, example.mask.shape, mode="bilinear")[0].numpy()
                lookup = np.array([*example.labels, 0])  # a wrong name stands in for the right one at its place
                score.add(example.mask, lookup[full.argmax(0)])
                if len(labels) > 1:
                    objects = example.mask > 0
                    score.inside[0] += int((lookup[full[:-1].argmax(0)] == example.mask)[objects].sum())
                    score.inside[1] += int(objects.sum())
    return scores


@torch.no_grad()
def row_entropy(networks: Networks, encoder, scale: float, chosen: Sequence[Example], t: int = 50) -> Dict[str, float]:
    """Mean entropy of the self-attention rows over log N, at the two finest levels: 1 is flat."""
    tokenizer, total = WordTokenizer(), {0: 0.0, 1: 0.0}
    alpha = alphas_cumulative()[t].float()
    for example in chosen:
        latent = encoder(to_images(example.picture[None])).chunk(2, 1)[0] * scale
        batch = collate([names_prompt([*(CLASSES[i - 1] for i in example.labels), BACKGROUND], [[]] * (len(example.labels) + 1))], tokenizer)
        noised = alpha.sqrt() * latent + (1 - alpha).sqrt() * torch.randn(latent.shape)
        _, self_maps, _ = networks(noised, torch.tensor([t]), batch.ids, (0, 1), (), predict=False)
        for level in total:
            p = self_maps[level].clamp_min(1e-12)
            total[level] += float(-(p * p.log()).sum(-1).mean() / np.log(p.shape[-1]))
    return {f"self-attention entropy / log N at {32 >> level}": value / len(chosen) for level, value in total.items()}


def load_networks(recipe: str) -> Networks:
    """The averaged weights of a recipe's latest checkpoint, rounded to fp16 as they are shipped."""
    networks = Networks().eval()
    average = torch.load(cache(CHECKPOINTS[recipe]), weights_only=True)["average"]
    networks.load_state_dict({f"{m}.{k}": v.half().float() for m, part in average.items() for k, v in part.items()})
    return networks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--role", choices=["test", "demo", "train"], default="test")
    parser.add_argument("--sets", nargs="*", default=[])
    parser.add_argument("--backgrounds", choices=BACKGROUND_KINDS, default="textures")
    parser.add_argument("--recipe", choices=[*CHECKPOINTS], default="shipped")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", default="", help="write the figures to this file as well")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder, scale = load_autoencoder()
    networks = load_networks(options.recipe)
    chosen = list(examples(select(options.role, options.sets), options.count, options.seed, options.backgrounds))
    started = time.time()
    scores = evaluate(networks, encoder, scale, chosen, options.seed)
    figures: dict = {"pictures": len(chosen), "role": options.role, "sets": options.sets, "backgrounds": options.backgrounds, "seed": options.seed}
    for kind, choices in scores.items():
        for choice, score in choices.items():
            figures.setdefault(kind, {})[choice] = score.summary()
            print(f"{kind:5} {choice:26} " + " ".join(f"{k} {v:.1f}" for k, v in score.summary().items()))
    figures["classes"] = scores["right"][DEFAULT].per_class()
    figures.update(row_entropy(networks, encoder, scale, chosen[:40]))
    figures["seconds a picture"] = (time.time() - started) / len(chosen)
    print(json.dumps({k: v for k, v in figures.items() if k not in ("right", "wrong")}))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
