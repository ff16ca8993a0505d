"""The method in eager PyTorch, twice, beside the engine: on the same weights, crops, timesteps and noise.

    invseg_bench --weights /tmp/sd21 --images 0 --inputs /tmp/inputs        (writes what all of them see)
    python -m bench.peers --weights /tmp/sd21 --inputs /tmp/inputs --device cuda [--only straight|tuned|compiled]

``straight`` is the paper written down: float32, every attention layer's map is captured, the U-Net runs to its end, S is built,
each step encodes its views. ``tuned`` is what somebody who knows PyTorch makes of it: bfloat16, channels-last, fused attention
where no map is read, the pass stops at the last map, views are encoded ahead in batches. ``compiled`` is that with the pass
under ``torch.compile``. All print the losses of the 15 steps, so that nobody wins by doing less.
"""

import argparse
import json
import os
import sys
import time
from typing import Dict, List

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21  # noqa: E402
from architectures.export import build  # noqa: E402
from architectures.unet import attention_layers, timestep_sinusoids  # noqa: E402

FRAME = 16
CATEGORIES = 3
WIDTH, HEIGHT = 640, 480
TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
EPS = 1e-8


def load(folder: str, device: str, dtype: torch.dtype) -> Dict[str, torch.nn.Module]:
    modules = {}
    for name in ("text_encoder", "vae_encoder", "unet"):
        with torch.device("meta"):
            modules[name] = build(SD21, name).eval().requires_grad_(False)
        modules[name].to_empty(device=device)
        modules[name].to(dtype)
    tensors: Dict[str, Dict[str, Tensor]] = {name: {} for name in modules}
    files = {}
    with open(os.path.join(folder, "index.tsv"), encoding="utf-8") as index:
        for line in index:
            module, name, file, kind, shape, begin, end = line.rstrip("\n").split("\t")
            if file not in files:
                path = os.path.join(folder, file)
                files[file] = torch.from_file(path, shared=False, size=os.path.getsize(path), dtype=torch.uint8)
            flat = files[file][int(begin) : int(end)].clone().view(TYPES[kind])
            tensors[module][name] = flat.view([int(size) for size in shape.split(",")])
    for name, module in modules.items():
        module.load_state_dict(tensors[name], strict=True)
    return modules


def head_weights(device: str, levels: List[int]) -> Tensor:
    """[layers, heads]: the mean over the layers and heads of each level."""
    layers = attention_layers(SD21.unet)
    weights = torch.zeros(len(layers), max(SD21.unet.heads))
    for i, layer in enumerate(layers):
        if layer["level"] in levels:
            count = sum(other["level"] == layer["level"] for other in layers)
            weights[i, : layer["heads"]] = 1 / (count * layer["heads"])
    return weights.to(device)


def flags(levels: List[int]) -> List[int]:
    return [int(layer["level"] in levels) for layer in attention_layers(SD21.unet)]


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
    views, _, count = maps.shape
    points = (torch.arange(FRAME, device=maps.device) + 0.5) / FRAME
    total = torch.zeros(count, FRAME, FRAME, device=maps.device)
    covered = torch.zeros(FRAME, FRAME, device=maps.device)
    for v in range(views):
        top, left, height, width = boxes[v]
        y, x = (points - top) / height, (points - left) / width
        grid = torch.stack(torch.meshgrid(2 * y - 1, 2 * x - 1, indexing="ij")[::-1], -1)[None]
        plane = maps[v].t().reshape(1, count, FRAME, FRAME)
        back = F.grid_sample(plane, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]
        inside = ((y >= 0) & (y <= 1))[:, None] & ((x >= 0) & (x <= 1))[None]
        total = total + back * inside
        covered = covered + inside
    mean = total / covered.clamp_min(1)
    entropy = -(mean * (mean + EPS).log()).sum(0)
    return entropy[covered > 0].mean()


class Peer:
    def __init__(self, folder: str, device: str, kind: str):
        self.kind, self.device = kind, device
        self.dtype = torch.float32 if kind == "straight" else torch.bfloat16
        self.modules = load(folder, device, self.dtype)
        if kind != "straight":
            for name in ("vae_encoder", "unet"):
                self.modules[name].to(memory_format=torch.channels_last)
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        self.kept = (1 - betas).cumprod(0).float().to(device)
        read = [0, 1, 2, 3] if kind == "straight" else [2]
        self.flags, self.training = flags(read), head_weights(device, read)
        self.unet = self.modules["unet"]
        if kind == "compiled":
            self.unet = torch.compile(self.unet)

    def crop(self, picture: Tensor, boxes: List[List[float]]) -> Tensor:
        """Bilinear crops [V, 3, 512, 512]."""
        points = (torch.arange(512, device=self.device) + 0.5) / 512
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
        return self.modules["vae_encoder"](pictures.to(self.dtype)).chunk(2, 1)[0].float() * 0.18215

    def noised(self, latents: Tensor, seed: int, timestep: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        noise = torch.stack([torch.randn(latents.shape[1:], generator=generator) for _ in latents]).to(self.device)
        return self.kept[timestep].sqrt() * latents + (1 - self.kept[timestep]).sqrt() * noise

    def read(self, latents: Tensor, timestep: int, context: Tensor, layers: List[int], weights: Tensor, predict: bool):
        times = torch.full([len(latents)], timestep, device=self.device)
        if self.kind != "straight":
            latents = latents.contiguous(memory_format=torch.channels_last)
        return self.unet(
            latents, timestep_sinusoids(times, 320), context, layers, layers, weights, weights, False, predict
        )[1:]

    def segment(self, rgb: Tensor, ids: Tensor, plan: List[dict]):
        with torch.no_grad():
            picture = rgb.permute(2, 0, 1)[None].float()
            picture = F.interpolate(picture, (512, 512), mode="bilinear", antialias=True) / 127.5 - 1
            picture = picture.to(self.device)
            states = self.modules["text_encoder"](ids.to(self.device)).float()
            whole = self.encode(picture)
        embedding = states[:, 1 : 1 + 2 * CATEGORIES].clone().requires_grad_()
        adam = torch.optim.Adam([embedding], lr=0.01)
        ahead: List[Tensor] = []
        if self.kind != "straight":
            crops = torch.cat([self.crop(picture, step["boxes"]) for step in plan])
            latents = torch.cat([self.encode(part) for part in crops.split(16)])
            ahead = list(latents.split(len(plan[0]["boxes"])))
        losses = []
        for i, step in enumerate(plan):
            boxes = step["boxes"]
            latents = ahead[i] if ahead else self.encode(self.crop(picture, boxes))
            prompt = torch.cat([states[:, :1], embedding, states[:, 1 + 2 * CATEGORIES :]], 1)
            context = prompt.expand(len(boxes), -1, -1)
            noised = self.noised(latents, step["seed"], step["timestep"])
            self_maps, cross_maps = self.read(
                noised, step["timestep"], context, self.flags, self.training, self.kind == "straight"
            )
            attention, cross = self_maps[2], cross_maps[2]
            names = cross[:, :, 1 : 1 + 2 * CATEGORIES].unflatten(2, (CATEGORIES, 2)).mean(-1)
            maps = minmax(attention @ names)
            loss = cluster_loss(attention, maps) + entropy_loss(maps, boxes)
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        with torch.no_grad():
            prompt = torch.cat([states[:, :1], embedding, states[:, 1 + 2 * CATEGORIES :]], 1)
            layers, weights = flags([0, 1, 2, 3]), head_weights(self.device, [0, 1, 2, 3])
            self_maps, cross_maps = self.read(self.noised(whole, 11, 50), 50, prompt, layers, weights, False)
            total = torch.zeros(1, 4096, 4096, device=self.device)
            for level, weight in enumerate((8 / 15, 4 / 15, 2 / 15, 1 / 15)):
                side = 64 >> level
                keys = F.interpolate(self_maps[level].view(1, side * side, side, side), (64, 64), mode="bilinear")
                keys = keys.flatten(2)
                keys = keys / keys.sum(-1, keepdim=True)
                rows = keys.view(1, side, side, 4096).repeat_interleave(64 // side, 1).repeat_interleave(64 // side, 2)
                total += weight * rows.reshape(1, 4096, 4096)
            cross = cross_maps[2].transpose(1, 2).reshape(1, -1, 16, 16)
            cross = F.interpolate(cross, (64, 64), mode="bilinear").flatten(2).transpose(1, 2)
            names = cross[:, :, 1 : 1 + 2 * CATEGORIES].unflatten(2, (CATEGORIES, 2)).mean(-1)
            maps = minmax(total @ names).transpose(1, 2).reshape(1, CATEGORIES, 64, 64)
            labels = F.interpolate(maps, (HEIGHT, WIDTH), mode="bilinear").argmax(1).byte().cpu()
        return losses, labels


def read_inputs(folder: str):
    with open(os.path.join(folder, "picture.u8"), "rb") as file:
        rgb = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(HEIGHT, WIDTH, 3)
    plan = []
    with open(os.path.join(folder, "plan.tsv"), encoding="utf-8") as file:
        for line in file:
            timestep, seed, *boxes = line.split("\t")
            values = [float(value) for value in boxes]
            views = [values[i : i + 4] for i in range(0, len(values), 4)]
            plan.append({"timestep": int(timestep), "seed": int(seed), "boxes": views})
    ids = torch.zeros(1, 77, dtype=torch.long)
    ids[0, 0], ids[0, 1 + 2 * CATEGORIES] = 49406, 49407
    ids[0, 1 : 1 + 2 * CATEGORIES] = 320 + 977 * torch.arange(2 * CATEGORIES)
    return rgb, ids, plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=["straight", "tuned", "compiled"], action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, help="only the first steps of the plan")
    parser.add_argument("--json")
    options = parser.parse_args()
    rgb, ids, plan = read_inputs(options.inputs)
    plan = plan[: options.steps]
    cuda = options.device.startswith("cuda")
    rows = []
    for kind in options.only or ["straight", "tuned", "compiled"]:
        peer = Peer(options.weights, options.device, kind)
        times = []
        for run in range(options.runs + (2 if cuda else 0)):
            if cuda:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            start = time.perf_counter()
            losses, _ = peer.segment(rgb, ids, plan)
            if cuda:
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        measured = sorted(times[-options.runs :])
        row = {
            "peer": kind,
            "dtype": str(peer.dtype).removeprefix("torch."),
            "seconds": measured[len(measured) // 2],
            "first": times[0],
            "peak": torch.cuda.max_memory_allocated() if cuda else 0,
            "losses": losses,
        }
        rows.append(row)
        print(
            f"{kind:10} {row['dtype']:9} {row['seconds']:.3f} s an image (first {row['first']:.1f} s), "
            f"peak {row['peak'] / 2**30:.2f} GiB, losses {losses[0]:.5f} to {losses[-1]:.5f}",
            flush=True,
        )
        del peer
        if cuda:
            torch.cuda.empty_cache()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"torch": torch.__version__, "device": options.device, "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()
