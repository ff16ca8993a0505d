"""Train the miniature's text encoder and U-Net on the latents of the scenes.

    python -m miniature.train --minutes 70          (from scripts/; resumes from its checkpoint in the cache folder)
    python -m miniature.train --recipe plain        (the diffusion loss alone, for comparison)

Stages share one clock. The first one is cheap, and most names are learnt there: whole pictures at 64 pixels in turn with
64-pixel crops of the full pictures, where objects have their final size. The second takes the full pictures. Every step
predicts the velocity of the noised latent; the steps whose prompt is not empty also teach the attention maps (losses.py).
"""

import argparse
import glob
import math
import os
import tempfile
import time
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, distributed, multiprocessing, nn

from architectures.attention import Attention, CrossAttention, SelfAttention
from architectures.export import build
from architectures.unet import attention_layers, timestep_sinusoids, uniform_head_weights

from . import prompts
from .bundle import configuration, load_autoencoder
from .config import CHECKPOINTS, STEPS, alphas_cumulative, cache
from .losses import SelfAttention as Recorded
from .losses import map_losses
from .tokenizer import WordTokenizer


class Stage(NamedTuple):
    until: float  # share of the whole training at which the stage ends
    sizes: Tuple[str, ...]  # of the pictures, one a step in turn: "64" and "128" whole, "crop" 64 pixels of 128
    batch: int


class Recipe(NamedTuple):
    """What tells the shipped model's training from the plain one's; the networks and the scenes are the same."""

    maps: bool  # teach the attention maps with the masks (losses.py)
    absent_share: float  # of the prompts that list names: share that also names what the picture does not show
    caption_share: float  # of all prompts: captions
    timesteps: Tuple[float, int, int]  # share of the timesteps that is drawn from a range, and the range; the rest from all
    stages: Sequence[Stage]


SMALL = ("64", "crop")
RECIPES = {
    # Most timesteps lie where segmentation reads.
    "shipped": Recipe(True, 0.8, 0.15, (0.75, 0, 300), [Stage(0.5, SMALL, 32), Stage(1.0, ("128",), 16)]),
    # The diffusion loss and nothing else. Names of what is not there would only blur the words' meaning, and words lower that
    # loss only where the noise hides what the picture shows: by 0.0004 at t = 50, by 0.007 at 800, by 0.024 at 950.
    "plain": Recipe(False, 0.0, 0.45, (0.75, 500, STEPS), [Stage(0.9, SMALL, 32), Stage(1.0, ("128",), 16)]),
}
WEIGHTS = {"cross": 1.0, "refined": 1.0, "affinity": 0.1, "spread": 0.5}
EMPTY_SHARE = 0.1  # of all prompts: empty, for guidance
AVERAGE_DECAY = 0.995
SAVE_SECONDS = 90


def training_attention(self: Attention, x: Tensor, states: List[Tensor], head_weights: Tensor, read: bool) -> Tuple[Tensor, Tensor]:
    """``Attention.attend`` for training: the same output, cheaper. States are queries, keys and values, each [B, N or M, C].

    Softmax in the precision of autocast. Read cross-attention leaves as the mean over heads, as ever; read
    self-attention is kept a layer and a head with its queries and keys, since the losses need its products with a few
    maps only, and summing N x N matrices costs more than those products.
    """
    q, k, v = [self.split(state) for state in states]
    attention = torch.empty(0)
    if read:
        q = q * float(q.shape[-1]) ** -0.5
        probabilities = torch.matmul(q, k.transpose(-1, -2)).softmax(-1)
        out = torch.matmul(probabilities, v)
        if isinstance(self, SelfAttention):
            self.recorded = Recorded(probabilities, q, k)
        else:
            attention = torch.einsum("bhnk,h->bnk", probabilities, head_weights[: self.heads].to(probabilities.dtype))
    else:
        out = F.scaled_dot_product_attention(q, k, v)
    return self.to_out[0](out.transpose(1, 2).reshape(x.shape)), attention


def training_self(self: SelfAttention, x: Tensor, head_weights: Tensor, read: bool, output: bool) -> Tuple[Tensor, Tensor]:
    return training_attention(self, x, [self.to_q(x), self.to_k(x), self.to_v(x)], head_weights, read)


def training_cross(
    self: CrossAttention, x: Tensor, states: List[Tensor], head_weights: Tensor, read: bool, output: bool
) -> Tuple[Tensor, Tensor]:
    return training_attention(self, x, [self.to_q(x), *states], head_weights, read)


class Networks(nn.Module):
    """Text encoder and U-Net with everything that a training step or an evaluation needs of them."""

    def __init__(self) -> None:
        super().__init__()
        config = configuration()
        self.text_encoder = build(config, "text_encoder")
        self.unet = build(config, "unet")
        layers = attention_layers(config.unet)
        self.levels = [layer["level"] for layer in layers]
        self.self_attention = [f"{layer['name']}.transformer_blocks.0.attn1" for layer in layers]
        self.time_width = config.unet.channels[0]
        self.heads = uniform_head_weights(config.unet)

    def forward(self, noised: Tensor, timesteps: Tensor, ids: Tensor, self_levels, cross_levels, predict: bool = True):
        """-> prediction [B, 4, h, w] (or empty), self maps, cross maps of the wanted levels."""
        return self.unet(
            noised,
            timestep_sinusoids(timesteps, self.time_width),
            self.text_encoder(ids),
            [int(level in self_levels) for level in self.levels],
            [int(level in cross_levels) for level in self.levels],
            self.heads,
            self.heads,
            False,
            predict,
        )


    def recorded(self, level: int) -> list:
        """Self-attention of the layers of a level, from the last pass with ``training_attention``."""
        names = [name for name, at in zip(self.self_attention, self.levels) if at == level]
        return [self.unet.get_submodule(name).recorded for name in names]


class Latents:
    """The encoded scenes in memory; takes in new shards as they appear."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.files: list = []
        self.shards: list = []

    def refresh(self) -> int:
        for file in sorted(glob.glob(cache("latents", "latents-???.pt"))):
            if file not in self.files:
                masks = file.replace("latents-", "masks-").replace("/latents/", "/scenes/").replace(".pt", ".npy")
                self.shards.append((torch.load(file, weights_only=True), np.load(masks)))
                self.files.append(file)
        return sum(len(masks) for _, masks in self.shards)

    def draw(self, count: int, size: str, rng: np.random.Generator):
        """-> scaled latents float [count, 4, h, w], masks uint8 [count, 2h, 2w] or [count, 4h, 4w]."""
        latents, masks = [], []
        for shard in rng.integers(0, len(self.shards), count):
            row = int(rng.integers(0, len(self.shards[shard][1])))
            latent, mask = self.shards[shard][0]["64" if size == "64" else "128"][row].float(), self.shards[shard][1][row]
            if size == "crop":
                side = latent.shape[-1] // 2
                y, x = rng.integers(0, side + 1, 2)
                latent, mask = latent[:, y : y + side, x : x + side], mask[2 * y : 2 * (y + side), 2 * x : 2 * (x + side)]
            latents.append(latent)
            masks.append(mask)
        return torch.stack(latents) * self.scale, np.stack(masks)


def draw_timesteps(count: int, focus: Tuple[float, int, int], rng: np.random.Generator) -> Tensor:
    share, low, high = focus
    inside = rng.random(count) < share
    return torch.from_numpy(np.where(inside, rng.integers(low, high, count), rng.integers(0, STEPS, count)))


def velocity(latents: Tensor, noise: Tensor, alpha: Tensor):
    """Noised latents and the target of v-prediction; ``alpha`` is the cumulated alpha of each sample, [B, 1, 1, 1]."""
    return alpha.sqrt() * latents + (1 - alpha).sqrt() * noise, alpha.sqrt() * noise - (1 - alpha).sqrt() * latents


def step_losses(networks: Networks, data: Latents, recipe: Recipe, size: str, count: int, tokenizer, schedule: Tensor, rng, generator) -> Dict[str, Tensor]:
    latents, masks = data.draw(count, size, rng)
    chosen = [prompts.draw(rng, mask, recipe.absent_share, recipe.caption_share, EMPTY_SHARE) for mask in masks]
    batch = prompts.collate(chosen, tokenizer)
    timesteps = draw_timesteps(count, recipe.timesteps, rng)
    noise = torch.randn(latents.shape, generator=generator)
    noised, target = velocity(latents, noise, schedule[timesteps][:, None, None, None])
    if not recipe.maps:
        return {"noise": F.mse_loss(networks(noised, timesteps, batch.ids, (), ())[0].float(), target)}
    # At 64 pixels the levels have 16, 8, 4 points a side, at 128 pixels 32, 16, 8.
    prediction, _, cross_maps = networks(noised, timesteps, batch.ids, (0, 1), (0, 1, 2))
    layers = [networks.recorded(0), networks.recorded(1), []]
    losses = {"noise": F.mse_loss(prediction.float(), target)}
    losses.update(map_losses(layers, cross_maps, torch.from_numpy(masks), batch))
    return losses


def save(path: str, networks: nn.Module, average: Dict[str, Tensor], optimizer, step: int, spent: float) -> None:
    parts: dict = {}
    for name, value in average.items():
        module, _, key = name.partition(".")
        parts.setdefault(module, {})[key] = value.clone()
    state = {"networks": networks.state_dict(), "average": parts, "optimizer": optimizer.state_dict()}
    torch.save({**state, "step": step, "spent": spent}, path + ".part")
    os.replace(path + ".part", path)


class Workers:
    """Processes of one thread each that share every step's gradient.

    On a shared machine one late thread holds up all threads of an operator, a thousand times a step; processes wait for
    each other once a step.
    """

    def __init__(self, rank: int, count: int, store: str) -> None:
        self.rank, self.count = rank, count
        if count > 1:
            distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=count)

    def mean(self, values: Tensor) -> Tensor:
        if self.count > 1:
            distributed.all_reduce(values)
            values /= self.count
        return values

    def share_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        flat = self.mean(torch.cat([p.grad.flatten() if p.grad is not None else torch.zeros(p.numel()) for p in parameters]))
        for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
            p.grad = part.view_as(p)


def work(rank: int, options: argparse.Namespace, store: str) -> None:
    """One worker's training; the first one keeps the clock, the average, the log and the checkpoint."""
    workers = Workers(rank, options.workers, store)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    setattr(SelfAttention, "forward", training_self)
    setattr(CrossAttention, "forward", training_cross)
    networks, tokenizer = Networks(), WordTokenizer()
    parameters = list(networks.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.99), weight_decay=0.01)
    average = {name: value.detach().clone() for name, value in networks.state_dict().items()}
    recipe = RECIPES[options.recipe]
    step, spent, path = 0, 0.0, cache(CHECKPOINTS[options.recipe])
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        networks.load_state_dict(state["networks"])
        optimizer.load_state_dict(state["optimizer"])
        average = {f"{module}.{key}": value for module, part in state["average"].items() for key, value in part.items()}
        step, spent = state["step"], state["spent"]
    data = Latents(load_autoencoder()[1])
    data.refresh()
    schedule = alphas_cumulative().float()
    seed = (options.seed * 1000 + rank) * 1_000_000 + step
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    means: Dict[str, float] = {}
    started = saved = time.time()
    while True:
        clock = spent + time.time() - started
        share = step / options.steps if options.steps else clock / (60 * options.minutes)
        share = workers.mean(torch.tensor([share], dtype=torch.float64)).item()  # one clock for all
        if share >= 1:
            break
        stage = next(s for s in recipe.stages if share < s.until)
        rate = options.rate * min(1.0, (step + 1) / 200) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            size, count = stage.sizes[step % len(stage.sizes)], max(1, stage.batch // options.workers)
            losses = step_losses(networks, data, recipe, size, count, tokenizer, schedule, rng, generator)
        total = losses["noise"] + sum(WEIGHTS[name] * value for name, value in losses.items() if name in WEIGHTS)
        optimizer.zero_grad()
        total.backward()
        workers.share_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        if step % 250 == 0:
            data.refresh()
        if rank:
            continue
        decay = min(AVERAGE_DECAY, step / (step + 9))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), list(networks.state_dict().values()), 1 - decay)
        for name, value in losses.items():
            means[name] = 0.98 * means.get(name, value.item()) + 0.02 * value.item()
        if step % 50 == 0:
            values = " ".join(f"{name} {value:.4f}" for name, value in means.items())
            print(f"train: step {step} {'+'.join(stage.sizes)}px {values} rate {rate:.5f} {time.time() - started + spent:.0f} s", flush=True)
        if time.time() - saved > SAVE_SECONDS:
            save(path, networks, average, optimizer, step, spent + time.time() - started)
            saved = time.time()
    if rank == 0:
        save(path, networks, average, optimizer, step, spent + time.time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--steps", type=int, default=0, help="stop after this many steps instead (0: by the clock)")
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes that share each step's batch")
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    parser.add_argument("--recipe", choices=[*RECIPES], default="shipped")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        if options.workers == 1:
            work(0, options, store)
        else:
            multiprocessing.spawn(work, (options, store), nprocs=options.workers)


if __name__ == "__main__":
    main()
