"""The method in eager PyTorch, as somebody writes it who has the paper and PyTorch and not this library.

``straight`` is the paper written down: float32, every attention layer's map is captured, the U-Net runs to its end, S is built,
each step encodes its views. ``tuned`` is what somebody who knows PyTorch makes of it: bfloat16, channels-last, fused attention
where no map is read, the pass stops at the last map, views are encoded ahead in batches. ``compiled`` is that with the pass
under ``torch.compile``.
"""

import os
import sys
from dataclasses import dataclass
from typing import Dict, List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import BundleConfig, UNetConfig  # noqa: E402
from architectures.unet import attention_layers, timestep_sinusoids  # noqa: E402

KINDS = ("straight", "tuned", "compiled")
EPS = 1e-8


@dataclass(frozen=True)
class Case:
    """A model, an image and its names. Levels count from the finest, whose side is ``latent``."""

    config: BundleConfig
    image: int  # side that the VAE sees
    latent: int
    latent_scale: float
    training: int  # level whose maps the loss reads
    cross: Dict[int, float]  # levels of the prediction and their weights
    self: Dict[int, float]
    ids: Tensor  # [1, K]
    spans: List[Tuple[int, int]]  # of each category: first position, number of tokens; all of them are learnt
    width: int
    height: int
    prediction_seed: int
    prediction_timestep: int
    betas: Tuple[float, float] = (0.00085, 0.012)

    @property
    def levels(self) -> List[int]:
        return list(range(len(self.config.unet.channels)))


def head_weights(device: str, levels: List[int], unet: UNetConfig) -> Tensor:
    """[layers, heads]: the mean over the layers and heads of each level."""
    layers = attention_layers(unet)
    weights = torch.zeros(len(layers), max(unet.heads))
    for i, layer in enumerate(layers):
        if layer["level"] in levels:
            count = sum(other["level"] == layer["level"] for other in layers)
            weights[i, : layer["heads"]] = 1 / (count * layer["heads"])
    return weights.to(device)


def flags(levels: List[int], unet: UNetConfig) -> List[int]:
    return [int(layer["level"] in levels) for layer in attention_layers(unet)]


def minmax(x: Tensor) -> Tensor:
    low = x.amin(1, keepdim=True)
    return (x - low) / (x.amax(1, keepdim=True) - low).clamp_min(EPS)


def cluster_loss(attention: Tensor, maps: Tensor) -> Tensor:
    """Eq. 3 to 8 with S as a matrix. attention [V, N, N], maps [V, N, C]"""
    log = (attention + EPS).log()
    own = (attention * log).sum(-1)
    cross = attention @ log.transpose(1, 2)
    distance = own[:, :, None] + own[:, None] - cross - cross.transpose(1, 2)
    anchors = torch.sigmoid(4 * (maps - 0.5))
    pairs = anchors.transpose(1, 2) @ distance @ maps
    pairs = pairs / (anchors.sum(1)[:, :, None] * maps.sum(1)[:, None])
    count = maps.shape[2]
    intra = pairs.diagonal(dim1=1, dim2=2).sum(-1)
    inter = pairs.tril(-1).sum((1, 2))
    return (intra / count - 2 * inter / (count * (count - 1))).mean()


def entropy_loss(maps: Tensor, boxes: List[List[float]]) -> Tensor:
    """maps [V, N, C] back in the picture's frame, mean over the views that cover a point, mean entropy over the points."""
    views, points_count, count = maps.shape
    frame = round(points_count**0.5)
    points = (torch.arange(frame, device=maps.device) + 0.5) / frame
    total = torch.zeros(count, frame, frame, device=maps.device)
    covered = torch.zeros(frame, frame, device=maps.device)
    for v in range(views):
        top, left, height, width = boxes[v]
        y, x = (points - top) / height, (points - left) / width
        grid = torch.stack(torch.meshgrid(2 * y - 1, 2 * x - 1, indexing="ij")[::-1], -1)[None]
        plane = maps[v].t().reshape(1, count, frame, frame)
        back = F.grid_sample(plane, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]
        inside = ((y >= 0) & (y <= 1))[:, None] & ((x >= 0) & (x <= 1))[None]
        total = total + back * inside
        covered = covered + inside
    mean = total / covered.clamp_min(1)
    entropy = -(mean * (mean + EPS).log()).sum(0)
    return entropy[covered > 0].mean()


class Peer:
    """``modules`` by the names of a bundle, already on the device; ``segment`` is one image."""

    def __init__(self, modules: Dict[str, torch.nn.Module], case: Case, device: str, kind: str):
        self.kind, self.device, self.case, self.modules = kind, device, case, modules
        self.dtype = dtype_of(kind)
        if kind != "straight":
            for name in ("vae_encoder", "unet"):
                self.modules[name].to(memory_format=torch.channels_last)
        start, end = case.betas
        betas = torch.linspace(start**0.5, end**0.5, 1000, dtype=torch.float64) ** 2
        self.kept = (1 - betas).cumprod(0).float().to(device)
        self.positions = torch.tensor([first + i for first, count in case.spans for i in range(count)], device=device)
        self.unet = self.modules["unet"]
        if kind == "compiled":
            self.unet = torch.compile(self.unet)

    def crop(self, picture: Tensor, boxes: List[List[float]]) -> Tensor:
        """Bilinear crops [V, 3, side, side]."""
        side = self.case.image
        points = (torch.arange(side, device=self.device) + 0.5) / side
        grids = []
        for top, left, height, width in boxes:
            y, x = top + height * points, left + width * points
            grids.append(torch.stack(torch.meshgrid(2 * y - 1, 2 * x - 1, indexing="ij")[::-1], -1))
        pictures = picture.expand(len(boxes), -1, -1, -1)
        return F.grid_sample(pictures, torch.stack(grids), mode="bilinear", padding_mode="border", align_corners=False)

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        if self.kind != "straight":
            pictures = pictures.contiguous(memory_format=torch.channels_last)
        return self.modules["vae_encoder"](pictures.to(self.dtype)).chunk(2, 1)[0].float() * self.case.latent_scale

    def noised(self, latents: Tensor, seed: int, timestep: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        noise = torch.stack([torch.randn(latents.shape[1:], generator=generator) for _ in latents]).to(self.device)
        return self.kept[timestep].sqrt() * latents + (1 - self.kept[timestep]).sqrt() * noise

    def read(self, latents: Tensor, timestep: int, context: Tensor, levels: List[int], predict: bool):
        unet = self.case.config.unet
        times = torch.full([len(latents)], timestep, device=self.device)
        if self.kind != "straight":
            latents = latents.contiguous(memory_format=torch.channels_last)
        layers, weights = flags(levels, unet), head_weights(self.device, levels, unet)
        sinusoids = timestep_sinusoids(times, unet.channels[0])
        return self.unet(latents, sinusoids, context, layers, layers, weights, weights, False, predict)[1:]

    def names(self, cross: Tensor) -> Tensor:
        """[B, N, K] -> [B, N, C]"""
        return torch.stack([cross[:, :, first : first + count].mean(-1) for first, count in self.case.spans], -1)

    def segment(self, rgb: Tensor, plan: List[dict]):
        """rgb [height, width, 3]; the plan has ``timestep``, ``seed`` and ``boxes`` of each step, and ``kept`` where the views are
        those of the step before. Returns losses and labels."""
        case = self.case
        with torch.no_grad():
            picture = rgb.permute(2, 0, 1)[None].float()
            picture = F.interpolate(picture, (case.image, case.image), mode="bilinear", antialias=True) / 127.5 - 1
            picture = picture.to(self.device)
            states = self.modules["text_encoder"](case.ids.to(self.device)).float()
            whole = self.encode(picture)
        embedding = states[:, self.positions].clone().requires_grad_()
        adam = torch.optim.Adam([embedding], lr=0.01)
        ahead: List[Tensor] = []
        if self.kind != "straight":
            crops = torch.cat([self.crop(picture, step["boxes"]) for step in plan if not step.get("kept")])
            encoded = torch.cat([self.encode(part) for part in crops.split(16)])
            ahead = list(encoded.split(len(plan[0]["boxes"])))
        losses = []
        latents = None
        for step in plan:
            boxes = step["boxes"]
            if latents is None or not step.get("kept"):
                latents = ahead.pop(0) if ahead else self.encode(self.crop(picture, boxes))
            context = states.index_copy(1, self.positions, embedding).expand(len(boxes), -1, -1)
            noised = self.noised(latents, step["seed"], step["timestep"])
            straight = self.kind == "straight"
            levels = case.levels if straight else [case.training]
            self_maps, cross_maps = self.read(noised, step["timestep"], context, levels, straight)
            attention = self_maps[case.training]
            maps = minmax(attention @ self.names(cross_maps[case.training]))
            loss = cluster_loss(attention, maps) + entropy_loss(maps, boxes)
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        with torch.no_grad():
            return losses, self.predict(whole, states.index_copy(1, self.positions, embedding))

    def predict(self, whole: Tensor, prompt: Tensor) -> Tensor:
        case, side = self.case, self.case.latent
        points = side * side
        noised = self.noised(whole, case.prediction_seed, case.prediction_timestep)
        self_maps, cross_maps = self.read(noised, case.prediction_timestep, prompt, case.levels, False)
        total = torch.zeros(1, points, points, device=self.device)
        for level, weight in case.self.items():
            own = side >> level
            keys = F.interpolate(self_maps[level].view(1, own * own, own, own), (side, side), mode="bilinear").flatten(2)
            keys = keys / keys.sum(-1, keepdim=True)
            rows = keys.view(1, own, own, points).repeat_interleave(side // own, 1).repeat_interleave(side // own, 2)
            total += weight * rows.reshape(1, points, points)
        tokens = torch.zeros(1, points, prompt.shape[1], device=self.device)
        for level, weight in case.cross.items():
            own = side >> level
            cross = cross_maps[level].transpose(1, 2).reshape(1, -1, own, own)
            tokens += weight * F.interpolate(cross, (side, side), mode="bilinear").flatten(2).transpose(1, 2)
        maps = minmax(total @ self.names(tokens)).transpose(1, 2).reshape(1, len(case.spans), side, side)
        return F.interpolate(maps, (case.height, case.width), mode="bilinear").argmax(1).byte().cpu()[0]


def dtype_of(kind: str) -> torch.dtype:
    return torch.float32 if kind == "straight" else torch.bfloat16
