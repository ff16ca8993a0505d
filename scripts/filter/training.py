"""What both trainings share: the clock, the averaged weights, checkpoints and the log."""

import argparse
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict

import numpy as np
import torch
from miniature.config import cache
from torch import Tensor, nn

from .data import Batch, Scenes

AVERAGE_DECAY = 0.999
SAVE_SECONDS = 120
LOG_STEPS = 50

# One step: (batch, random numbers) -> named losses; their sum is minimised.
Losses = Callable[[Batch, np.random.Generator], Dict[str, Tensor]]


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=12, help="of training in all, resumed ones included")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def train(name: str, network: nn.Module, losses: Losses, validate: Callable[[nn.Module], str], options: argparse.Namespace) -> None:
    """Train until the clock is used up; the checkpoint `<name>.pt` in the cache folder is resumed where there is one."""
    torch.set_num_threads(options.threads)
    path = cache(f"{name}.pt")
    matrices = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98))
    average = {key: value.detach().clone() for key, value in network.state_dict().items()}
    step, spent = 0, 0.0
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        average, step, spent = state["average"], state["step"], state["spent"]

    def save() -> None:
        state = {"network": network.state_dict(), "average": average, "optimizer": optimizer.state_dict()}
        torch.save({**state, "step": step, "spent": spent}, path + ".part")
        os.replace(path + ".part", path)

    scenes, rng = Scenes(), np.random.default_rng([options.seed, step])
    # The next batch is drawn meanwhile; its random numbers are its own, so that a run can be repeated.
    drawing = ThreadPoolExecutor(1)
    drawn = np.random.default_rng([options.seed, step, 1])
    coming = drawing.submit(scenes.draw, drawn, options.batch)
    means: Dict[str, float] = {}
    last = saved = time.time()
    while spent < 60 * options.minutes:
        share = spent / (60 * options.minutes)
        rate = options.rate * min(1.0, (step + 1) / 300) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch, coming = coming.result(), drawing.submit(scenes.draw, drawn, options.batch)
        with torch.autocast("cpu", torch.bfloat16):
            parts = losses(batch, rng)
        optimizer.zero_grad()
        sum(parts.values()).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        decay = min(AVERAGE_DECAY, step / (step + 9))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), list(network.state_dict().values()), 1 - decay)
        for key, value in parts.items():
            means[key] = 0.95 * means.get(key, value.item()) + 0.05 * value.item()
        now = time.time()
        spent, last = spent + now - last, now
        if step % LOG_STEPS == 0:
            values = " ".join(f"{key} {value:.4f}" for key, value in means.items())
            print(f"{name}: step {step} {values} rate {rate:.5f} {spent:.0f} s", flush=True)
        if now - saved > SAVE_SECONDS:
            save()
            saved = now
    save()
    drawing.shutdown()
    network.load_state_dict(average)
    with torch.no_grad():
        print(f"{name}: {step} steps, {validate(network.eval())}", flush=True)
