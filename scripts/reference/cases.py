"""Inputs and float64 outputs of the pure functions, for the tests of the addon.

    python scripts/reference/cases.py --out DIR

Writes raw little-endian float32 files and ``index.json``: a list of cases {function, name, arguments, inputs,
expected}, where arrays are {file, shape} and everything else is a number or a word. The reference sees the float32
inputs that the addon sees.
"""

import argparse
import json
import os
import sys
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from reference.adam import AdamState, adam_step  # noqa: E402
from reference.aggregate import aggregate_cross, aggregate_self  # noqa: E402
from reference.cluster import cluster_loss  # noqa: E402
from reference.entropy import entropy_loss  # noqa: E402
from reference.random_maps import mean_entropy, random_cross_map, random_self_map  # noqa: E402
from reference.raw_file import write_raw  # noqa: E402
from reference.refine import refine  # noqa: E402
from reference.views import map_back  # noqa: E402

SIDES = (16, 32)  # N = 256 and 1024
CATEGORIES = range(1, 9)
ENTROPIES = {"peaked": 0.25, "flat": 0.99}  # of the rows of A_self, as a part of log N
ENTROPY_OPTIONS = [
    (normalise, reduce, region)
    for normalise in ("none", "l1", "softmax")
    for reduce in ("mean", "sum")
    for region in ("covered", "overlap")
]


class Writer:
    """Collects cases and writes their arrays; an array that several cases share is written once."""

    def __init__(self, folder: str):
        self.folder = folder
        self.cases: List[dict] = []
        self.written: Dict[str, dict] = {}
        os.makedirs(folder, exist_ok=True)

    def array(self, name: str, value: Tensor) -> dict:
        if name not in self.written:
            write_raw(os.path.join(self.folder, f"{name}.f32"), value.detach().float())
            self.written[name] = {"file": f"{name}.f32", "shape": list(value.shape)}
        return self.written[name]

    def add(self, function: str, name: str, arguments: dict, inputs: dict, expected: dict) -> None:
        self.cases.append(
            {"function": function, "name": name, "arguments": arguments, "inputs": inputs, "expected": expected}
        )

    def close(self) -> None:
        with open(os.path.join(self.folder, "index.json"), "w", encoding="utf-8") as file:
            json.dump(self.cases, file)


def leaf(value: Tensor) -> Tensor:
    return value.double().requires_grad_()


def normal(shape: Tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def add_refine(writer: Writer, name: str, self_name: str, self_map: Tensor, cross: Tensor, iterations: int) -> Tensor:
    """One case of eq. 2; returns the refined maps as float32."""
    upstream = normal(tuple(cross.shape), 5)
    a, b = leaf(self_map), leaf(cross)
    value = refine(a, b, iterations)
    (value * upstream.double()).sum().backward()
    points, categories = cross.shape
    writer.add(
        "refineAttention",
        name,
        {"points": points, "categories": categories, "iterations": iterations},
        {
            "self": writer.array(self_name, self_map),
            "cross": writer.array(f"cross-{points}-{categories}", cross),
            "upstream": writer.array(f"upstream-{points}-{categories}", upstream),
        },
        {
            "value": writer.array(f"refine-value-{name}", value),
            "selfGradient": writer.array(f"refine-self-{name}", a.grad if a.grad is not None else torch.zeros_like(a)),
            "crossGradient": writer.array(f"refine-cross-{name}", b.grad),
        },
    )
    return value.detach().float()


def add_cluster(
    writer: Writer,
    name: str,
    self_name: str,
    self_map: Tensor,
    maps: Tensor,
    symmetric: bool,
    constant: bool,
    centre: float,
) -> None:
    a, m = leaf(self_map), leaf(maps)
    result = cluster_loss(a, m, 4.0, centre, symmetric, constant)
    result.loss.backward()
    points, categories = maps.shape
    expected = {
        "loss": result.loss.item(),
        "intra": result.intra.item(),
        "inter": result.inter.item(),
        "mapsGradient": writer.array(f"cluster-maps-{name}", m.grad),
    }
    if not constant:
        expected["selfGradient"] = writer.array(f"cluster-self-{name}", a.grad)
    writer.add(
        "clusterLoss",
        name,
        {
            "points": points,
            "categories": categories,
            "anchorScale": 4.0,
            "anchorCentre": centre,
            "interPairs": "symmetric" if symmetric else "printed",
            "distanceConstant": constant,
        },
        {"self": writer.array(self_name, self_map), "maps": writer.array(f"maps-{name}", maps)},
        expected,
    )


def add_entropy(writer: Writer, name: str, maps: Tensor, coverage: Tensor, options: Tuple[str, str, str]) -> None:
    leaf_maps = leaf(maps)
    loss = entropy_loss(leaf_maps, coverage.double(), *options)
    loss.backward()
    views, points, categories = maps.shape
    normalise, reduce, region = options
    writer.add(
        "entropyLoss",
        name,
        {
            "views": views,
            "points": points,
            "categories": categories,
            "options": {"normalise": normalise, "reduce": reduce, "region": region},
        },
        {"maps": writer.array(f"entropy-maps-{name}", maps), "coverage": writer.array(f"coverage-{points}", coverage)},
        {"loss": loss.item(), "gradient": writer.array(f"entropy-gradient-{name}", leaf_maps.grad)},
    )


def add_aggregate(
    writer: Writer, name: str, kind: str, maps: List[Tensor], weights: List[float], size: int, mm: bool
) -> None:
    leaves = [leaf(attention) for attention in maps]
    value = aggregate_self(leaves, weights, size) if kind == "self" else aggregate_cross(leaves, weights, size, mm)
    upstream = normal(tuple(value.shape), 7)
    (value * upstream.double()).sum().backward()
    writer.add(
        "aggregateAttention",
        name,
        {
            "kind": kind,
            "sides": [round(attention.shape[0] ** 0.5) for attention in maps],
            "weights": weights,
            "size": size,
            "minMax": mm,
        },
        {
            "maps": [writer.array(f"aggregate-map{i}-{name}", attention) for i, attention in enumerate(maps)],
            "upstream": writer.array(f"aggregate-upstream-{name}", upstream),
        },
        {
            "value": writer.array(f"aggregate-value-{name}", value),
            "gradients": [writer.array(f"aggregate-gradient{i}-{name}", x.grad) for i, x in enumerate(leaves)],
        },
    )


def add_adam(writer: Writer, step: int) -> None:
    parameter, gradient, first, second = (normal((7, 96), 11 + i) for i in range(4))
    second = second**2
    gradient[0] = 0  # rows that do not train have no gradient and no moments
    first[0] = 0
    second[0] = 0
    arguments = {"step": step, "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    state = AdamState(parameter.double(), first.double(), second.double())
    result = adam_step(state, gradient.double(), step, 0.01, 0.9, 0.999, 1e-8)
    inputs = {"parameter": parameter, "gradient": gradient, "firstMoment": first, "secondMoment": second}
    expected = {"parameter": result.parameter, "firstMoment": result.first_moment, "secondMoment": result.second_moment}
    writer.add(
        "adamStep",
        f"step-{step}",
        arguments,
        {key: writer.array(f"adam-{key}", value) for key, value in inputs.items()},
        {key: writer.array(f"adam-{key}-{step}", value) for key, value in expected.items()},
    )


def write_cases(folder: str) -> None:
    writer = Writer(folder)
    boxes = torch.tensor([[0.02, 0.13, 0.83, 0.79], [0.31, 0.07, 0.66, 0.72]], dtype=torch.float64)
    variant = 0
    for side in SIDES:
        points = side * side
        for kind, entropy in ENTROPIES.items():
            self_map = random_self_map(side, entropy, side)
            self_name = f"self-{points}-{kind}"
            print(f"{self_name}: mean row entropy {mean_entropy(self_map.double()):.3f} nats")
            for categories in CATEGORIES:
                name = f"{points}-{kind}-{categories}"
                cross = random_cross_map(side, 12, categories)[:, :categories].contiguous()
                maps = add_refine(writer, name, self_name, self_map, cross, 1)
                add_cluster(writer, name, self_name, self_map, maps, False, False, 0.5)
                other = [map_back(maps.flip(0).double(), box) for box in boxes]
                views = torch.stack([back for back, _ in other]).float()
                coverage = torch.stack([cover for _, cover in other]).float()
                add_entropy(writer, name, views, coverage, ENTROPY_OPTIONS[0])
                options = ENTROPY_OPTIONS[1 + variant % (len(ENTROPY_OPTIONS) - 1)]
                variant += 1
                if categories > 1 or options[0] == "none":  # one normalised category has entropy 0
                    add_entropy(writer, f"{name}-{'-'.join(options)}", views, coverage, options)
            maps = random_cross_map(side, 12, 3)[:, :3].contiguous()
            again = add_refine(writer, f"{points}-{kind}-twice", self_name, self_map, maps, 2)
            add_cluster(writer, f"{points}-{kind}-symmetric", self_name, self_map, again, True, False, 0.4)
            add_cluster(writer, f"{points}-{kind}-constant", self_name, self_map, again, False, True, 0.5)
            sides = [s for s in (32, 16, 8, 4) if s <= side]
            weights = [s / sum(sides) for s in sides]
            maps_self = [random_self_map(s, entropy, s + 1) for s in sides]
            add_aggregate(writer, f"self-{points}-{kind}", "self", maps_self, weights, side, False)
        crosses = [random_cross_map(s, 32, s + 2) for s in sides]
        for mm in (False, True):
            add_aggregate(writer, f"cross-{points}-{'minmax' if mm else 'plain'}", "cross", crosses, weights, side, mm)
    for step in (1, 2, 15):
        add_adam(writer, step)
    writer.close()
    print(f"{len(writer.cases)} cases")


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder of the arrays and index.json")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    write_cases(options.out)


if __name__ == "__main__":
    main()
