"""The test-time loop: views, maps, losses, one Adam step after the other; and the prediction."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .adam import AdamState, adam_step
from .aggregate import aggregate_cross, aggregate_self
from .bundle import Bundle, Selection
from .cluster import cluster_loss
from .entropy import entropy_loss
from .picture import canonical
from .refine import refine
from .schedule import add_noise, draw_noise
from .views import crop, map_back


@dataclass
class LoopOptions:
    """The defaults are the paper's; ``spans`` are (first position, count) in the one prompt, the background last.

    ``gradient``: exact | distance-constant | self-constant | keys-only, as in the library's option of that name.
    """

    spans: List[Tuple[int, int]]
    training: Selection
    frame: int
    gradient: str = "exact"
    refine_iterations: int = 1
    anchor_scale: float = 4.0
    anchor_centre: float = 0.5
    symmetric: bool = False
    cluster_weight: float = 1.0
    alpha: float = 1.0
    learning_rate: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    adam_eps: float = 1e-8


def category_maps(cross: Tensor, spans: List[Tuple[int, int]]) -> Tensor:
    """A_cross [N, K] -> [N, C], the mean over each category's sub-tokens."""
    return torch.stack([cross[:, first : first + count].mean(1) for first, count in spans], 1)


def view_maps(
    bundle: Bundle,
    noised: Tensor,
    timestep: int,
    context: Tensor,
    selection: Selection,
    size: int,
    keys_only: bool = False,
) -> Tuple[Tensor, Tensor]:
    """One noised latent [c, s, s], context [K, W] -> A_self [size^2, size^2], A_cross [size^2, K]."""
    self_maps, cross_maps = bundle.read_maps(noised[None], timestep, context[None], selection, keys_only)

    def read(maps: List[Tensor], weights: List[float]) -> Tuple[List[Tensor], List[float]]:
        pairs = [(attention[0], weight) for attention, weight in zip(maps, weights) if attention.numel() > 0]
        return [attention for attention, _ in pairs], [weight for _, weight in pairs]

    return (
        aggregate_self(*read(self_maps, selection.self_weights), size),
        aggregate_cross(*read(cross_maps, selection.cross_weights), size),
    )


class Inversion:
    def __init__(self, bundle: Bundle, rgb: Tensor, embedding: Tensor, options: LoopOptions):
        """rgb uint8 [h, w, 3], embedding float64 [K, W]"""
        self.bundle = bundle
        self.options = options
        self.picture = canonical(rgb, bundle.image["size"])
        self.latent = bundle.encode_picture(self.picture)
        self.trainable = torch.zeros(embedding.shape[0], 1, dtype=torch.float64)
        for first, count in options.spans:
            self.trainable[first : first + count] = 1
        zeros = torch.zeros_like(embedding)
        self.state = AdamState(embedding, zeros, zeros)
        self.steps = 0

    def losses(self, boxes: Tensor, timestep: int, noise_seed: int, context: Tensor) -> Dict[str, Tensor]:
        """boxes [V, 4] -> the step's scalars; the cluster parts are means over the views."""
        options = self.options
        views = torch.cat([crop(self.picture[0], box)[None] for box in boxes])
        latents = self.bundle.encode_picture(views)
        noise = draw_noise(noise_seed, len(boxes), list(latents.shape[1:]))
        clusters, backs, coverages = [], [], []
        for latent, view_noise, box in zip(latents, noise, boxes):
            noised = add_noise(latent, view_noise, timestep, self.bundle.alpha_bar)
            self_map, cross_map = view_maps(
                self.bundle,
                noised,
                timestep,
                context,
                options.training,
                options.frame,
                options.gradient == "keys-only",
            )
            if options.gradient in ("self-constant", "keys-only"):
                self_map = self_map.detach()
            maps = refine(self_map, category_maps(cross_map, options.spans), options.refine_iterations)
            clusters.append(
                cluster_loss(
                    self_map,
                    maps,
                    options.anchor_scale,
                    options.anchor_centre,
                    options.symmetric,
                    options.gradient == "distance-constant",
                )
            )
            back, coverage = map_back(maps, box)
            backs.append(back)
            coverages.append(coverage)
        cluster, intra, inter = (torch.stack(part).mean() for part in zip(*clusters))
        entropy = entropy_loss(torch.stack(backs), torch.stack(coverages))
        loss = options.cluster_weight * cluster + options.alpha * entropy
        return {"loss": loss, "cluster": cluster, "entropy": entropy, "intra": intra, "inter": inter}

    def step(self, boxes: Tensor, timestep: int, noise_seed: int) -> Dict[str, float]:
        options = self.options
        context = self.state.parameter.detach().requires_grad_()
        losses = self.losses(boxes, timestep, noise_seed, context)
        (gradient,) = torch.autograd.grad(losses["loss"], context)
        gradient = gradient * self.trainable
        self.steps += 1
        self.state = adam_step(
            AdamState(context.detach(), self.state.first_moment, self.state.second_moment),
            gradient,
            self.steps,
            options.learning_rate,
            options.beta1,
            options.beta2,
            options.adam_eps,
        )
        scalars = {name: value.item() for name, value in losses.items()}
        return {**scalars, "gradientNorm": gradient.norm().item()}

    def predict(
        self, selection: Selection, timestep: int, noise_seed: int, height: int, width: int, iterations: int = 1
    ) -> Tuple[Tensor, Tensor]:
        """-> labels uint8 [height, width] and the refined maps [C, s, s] of the whole picture."""
        size = self.bundle.image["latentSize"]
        noise = draw_noise(noise_seed, 1, list(self.latent.shape[1:]))
        noised = add_noise(self.latent[0], noise[0], timestep, self.bundle.alpha_bar)
        with torch.no_grad():
            self_map, cross_map = view_maps(self.bundle, noised, timestep, self.state.parameter, selection, size)
            maps = refine(self_map, category_maps(cross_map, self.options.spans), iterations)
        pictures = maps.t().reshape(1, -1, size, size)
        enlarged = F.interpolate(pictures, size=(height, width), mode="bilinear", align_corners=False)
        return enlarged[0].argmax(0).to(torch.uint8), pictures[0]
