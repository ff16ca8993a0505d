"""The figures of a model card: the diffusion baseline on every held-out set, several seeds each, with their spread.

    python -m miniature.card --json ../.cache/miniature/card-shipped.json          (from scripts/)
    python -m miniature.card --recipe plain --json ../.cache/miniature/card-plain.json

A seed is another set of arrangements, backgrounds and noise; the drawings are the same. Resumes: what the JSON file has is
not measured again. Prints Markdown; columns are mean ± standard deviation over the seeds.
"""

import argparse
import json
import os
from typing import Dict, List, NamedTuple, Sequence

import numpy as np
import torch

from .bundle import load_autoencoder
from .config import CHECKPOINTS
from .evaluate import DEFAULT, evaluate, load_networks, row_entropy
from .heldout import PHOTOGRAPHS, examples, select


class Row(NamedTuple):
    label: str
    role: str
    sets: Sequence[str]
    backgrounds: str


ROWS = [
    Row("OpenMoji, held out", "test", ["openmoji"], "textures"),
    Row("Emoji One v1, held out", "test", ["emojione-v1"], "textures"),
    Row("photographs, held out", "test", [PHOTOGRAPHS], "textures"),
    Row("OpenMoji on held-out photographs", "test", ["openmoji"], "photographs"),
    Row("photographs on held-out photographs", "test", [PHOTOGRAPHS], "photographs"),
    Row("held-out names of Fluent", "demo", [], "textures"),
    Row("drawings of the training, new pictures", "train", [], "textures"),
]


def spread(values: List[float]) -> str:
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def markdown(done: Dict[str, dict], seeds: Sequence[int]) -> str:
    lines = ["| pictures | mIoU | mAcc | inside | mIoU, wrong names | right − wrong | inside, wrong names |", "|---|---|---|---|---|---|---|"]
    for row in ROWS:
        runs = [done[f"{row.label}, seed {seed}"] for seed in seeds if f"{row.label}, seed {seed}" in done]
        if not runs:
            continue
        right, wrong = ([run[kind][DEFAULT] for run in runs] for kind in ("right", "wrong"))
        gap = [r["mIoU"] - w["mIoU"] for r, w in zip(right, wrong)]
        cells = [[r[name] for r in right] for name in ("mIoU", "mAcc", "inside")]
        cells += [[w["mIoU"] for w in wrong], gap, [w["inside"] for w in wrong]]
        lines.append(f"| {row.label} | " + " | ".join(spread(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=[*CHECKPOINTS], default="shipped")
    parser.add_argument("--count", type=int, default=300, help="pictures of a row and seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="only these, counted from 0")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder, scale = load_autoencoder()
    networks = load_networks(options.recipe)
    done: Dict[str, dict] = {}
    if os.path.exists(options.json):
        with open(options.json, encoding="utf-8") as file:
            done = json.load(file)
    for row in [ROWS[i] for i in options.rows] or ROWS:
        sprites = select(row.role, row.sets)
        for seed in options.seeds:
            name = f"{row.label}, seed {seed}"
            if name in done or not sprites:
                continue
            chosen = list(examples(sprites, options.count, seed, row.backgrounds))
            scores = evaluate(networks, encoder, scale, chosen, seed)
            figures: dict = {kind: {choice: score.summary() for choice, score in choices.items()} for kind, choices in scores.items()}
            figures["classes"] = scores["right"][DEFAULT].per_class()
            if row is ROWS[0] and seed == options.seeds[0]:
                figures.update(row_entropy(networks, encoder, scale, chosen[:40]))
            done[name] = figures
            print(f"card: {name}: {figures['right'][DEFAULT]['mIoU']:.1f} mIoU, wrong names {figures['wrong'][DEFAULT]['mIoU']:.1f}", flush=True)
            with open(options.json + ".part", "w", encoding="utf-8") as file:
                json.dump(done, file, indent=1)
            os.replace(options.json + ".part", options.json)
    print(markdown(done, options.seeds))


if __name__ == "__main__":
    main()
