"""Each method from prompts, picture and settings to labels; `methods_case.py` says what a case holds."""

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor

from . import diffseg
from .aggregate import aggregate_self, enlarge_bilinear
from .bundle import Bundle, Selection
from .conventions import min_max
from .iseg import cluster_means
from .picture import canonical
from .picture_labels import label
from .refine import refine
from .refinement import reduce_entropy, refine_iterated
from .schedule import add_noise, draw_noise


def choose(bundle: Bundle, self_weights: dict, cross_weights: dict, case: dict) -> Selection:
    """All layers of the resolutions, or those that the case names; heads always alike."""
    selection = Selection(bundle, self_weights, cross_weights)
    for kind in ("self", "cross"):
        names = case.get(f"{kind}Layers")
        if names is None:
            continue
        flags = [int(layer["name"] in names) for layer in bundle.layers]
        heads = torch.zeros_like(selection.self_heads)
        for i, layer in enumerate(bundle.layers):
            count = sum(flag for flag, other in zip(flags, bundle.layers) if other["level"] == layer["level"])
            if flags[i]:
                heads[i, : layer["heads"]] = 1.0 / (count * layer["heads"])
        setattr(selection, f"{kind}_layers", flags)
        setattr(selection, f"{kind}_heads", heads)
    return selection


def cross_map(maps: List[Tensor], weights: List[float], size: int, scale: str) -> Tensor:
    """Maps [side^2, K] -> A_cross [size^2, K]; `scale` none, min-max (enlarged) or sum (before enlarging)."""
    total = torch.zeros(())
    for attention, weight in zip(maps, weights):
        if weight == 0:
            continue
        own = attention / attention.sum(0, keepdim=True) if scale == "sum" else attention
        enlarged = enlarge_bilinear(own.t(), size).t()
        total = total + weight * (min_max(enlarged, 0) if scale == "min-max" else enlarged)
    return total


class Method:
    """One case on one picture."""

    def __init__(self, bundle: Bundle, rgb: Tensor, case: Dict):
        self.bundle, self.case = bundle, case
        self.latent = bundle.encode_picture(canonical(rgb, bundle.image["size"]))[0]
        if case["noiseSeed"] is not None:
            noise = draw_noise(case["noiseSeed"], 1, list(self.latent.shape))[0]
            self.latent = add_noise(self.latent, noise, case["timestep"], bundle.alpha_bar)
        by_side = {kind: {int(side): weight for side, weight in case[kind].items()} for kind in ("self", "cross")}
        self.selection = choose(bundle, by_side["self"], by_side["cross"], case)
        self.height, self.width = rgb.shape[:2]

    def embed(self, ids: List[int], spans: List[List[int]]) -> Tensor:
        """[K, W], the spans' states times the case's weight."""
        states = self.bundle.encode_text(torch.tensor([ids]))[0]
        for first, count in spans:
            states[first : first + count] *= self.case.get("wordWeight", 1.0)
        return states

    def attend(self, states: Tensor) -> Tuple[Tensor, Tensor]:
        """-> A_self [N, N], A_cross [N, K]"""
        selection, size = self.selection, self.bundle.image["latentSize"]
        with torch.no_grad():
            self_maps, cross_maps = self.bundle.read_maps(self.latent[None], self.case["timestep"], states[None], selection)
        read = [(m[0], w) for m, w in zip(self_maps, selection.self_weights) if w > 0]
        own = aggregate_self([m for m, _ in read], [w for _, w in read], size)
        cross = [m[0] for m in cross_maps]
        return own, cross_map(cross, selection.cross_weights, size, self.case.get("crossScale", "none"))

    def refined(self, attention: Tensor, maps: Tensor) -> Tensor:
        own: Optional[dict] = self.case.get("refine")
        if own:
            return refine_iterated(reduce_entropy(attention, own["entropyReduction"]), maps, own["iterations"])
        return refine(attention, maps, 1)

    def labels(self, maps: Tensor) -> Tensor:
        case = self.case
        return label(
            maps, self.height, self.width, case.get("rule", "word"), case.get("threshold", 0.5), case.get("rescale", False)
        )

    def run(self) -> Tensor:
        return {"baseline": self.baseline, "diffsegmenter": self.diffsegmenter, "diffseg": self.diffseg, "iseg": self.iseg}[
            self.case["method"]
        ]()

    def pick(self, cross: Tensor, spans: List[List[int]]) -> Tensor:
        """[N, K] -> [N, C]; a list of several spans for one category is joined by its maximum."""
        columns = []
        for members in spans:
            members = members if isinstance(members[0], list) else [members]
            words = [cross[:, first : first + count].mean(1) for first, count in members]
            columns.append(torch.stack(words).max(0).values)
        return torch.stack(columns, 1)

    def baseline(self) -> Tensor:
        attention, cross = self.attend(self.embed(self.case["ids"][0], []))
        return self.labels(min_max(self.refined(attention, self.pick(cross, self.case["spans"])), 0))

    def diffsegmenter(self) -> Tensor:
        maps = []
        for ids, span in zip(self.case["ids"], self.case["spans"]):
            attention, cross = self.attend(self.embed(ids, [span]))
            maps.append(self.refined(attention, self.pick(cross, [span])))
        return self.labels(torch.cat(maps, 1))

    def iseg(self) -> Tensor:
        spans = self.case["spans"]
        attention, cross = self.attend(self.embed(self.case["ids"][0], spans))
        clustered = cluster_means(cross, self.case["clusters"], self.case["clusterIterations"])
        return self.labels(min_max(self.refined(attention, self.pick(clustered, spans)), 0))

    def diffseg(self) -> Tensor:
        case = self.case
        attention, _ = self.attend(self.embed(case["empty"], []))
        proposals = diffseg.find_proposals(attention, case["anchors"], case["tau"], case["rounds"])
        segments = diffseg.segment(proposals, self.height, self.width)
        if not case["spans"]:
            return diffseg.number(segments)
        _, cross = self.attend(self.embed(case["ids"][0], []))
        return diffseg.name(segments, self.labels(min_max(self.pick(cross, case["spans"]), 0)))
