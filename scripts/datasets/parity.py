"""COCO regions by pycocotools, against which ours are compared bit for bit.

    python -m venv .cache/pycocotools && .cache/pycocotools/bin/pip install pycocotools numpy
    .cache/pycocotools/bin/python scripts/datasets/parity.py --count 20000 --seed 1 --out .cache/datasets/parity.json.gz
    npm run build && node scripts/datasets/parity.mjs .cache/datasets/parity.json.gz

The test's fixture is the same with `--count 400 --seed 7 --small --out test/datasets/coco/regions.json.gz`.

A case is a polygon, an object of several polygons, or run lengths (plain or compressed); what is expected are the runs of
the mask that pycocotools decodes, [start, end) in COCO's order, read from the mask's pixels.
"""

import argparse
import gzip
import json
import pathlib

import numpy as np
from pycocotools import mask as coco
from pycocotools import _mask

WIDTHS = (1, 2, 3, 7, 16, 33, 64, 100, 427, 640)
SMALL = (1, 2, 3, 7, 16, 33, 64)


def runs_of(mask):
    """Runs of a mask [height, width] in COCO's order."""
    flat = np.concatenate([[0], mask.reshape(-1, order="F").astype(np.int8), [0]])
    return np.flatnonzero(np.diff(flat)).tolist()


def star(rng, width, height, corners):
    """Corners around a centre, in order: an outline as annotators draw it."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.1, 1, corners) * max(width, height) / 2
    centre = rng.uniform(0, [width, height])
    return centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]


def polygon(rng, kind, width, height):
    """Vertices [n, 2] of one kind of shape."""
    side = np.array([width, height], float)
    n = int(rng.integers(3, 40))
    if kind == "outline":
        return star(rng, width, height, n)
    if kind == "crossing":
        return rng.uniform(0, side, (n, 2))
    if kind == "outside":
        return rng.uniform(-side, 2 * side, (n, 2))
    if kind == "far":
        return rng.uniform(-200 * side, 200 * side, (int(rng.integers(3, 8)), 2))
    if kind == "pixel":
        return rng.uniform(0, side) + rng.uniform(-0.8, 0.8, (int(rng.integers(3, 6)), 2))
    if kind == "sliver":
        start = rng.uniform(0, side)
        return np.concatenate([line := np.linspace(start, rng.uniform(0, side), 5), line[::-1] + rng.uniform(-0.3, 0.3, 2)])
    if kind == "integers":
        return rng.integers(-1, side.astype(int) + 2, (n, 2)).astype(float)
    if kind == "halves":
        return rng.integers(-2, 2 * side.astype(int) + 3, (n, 2)) / 2
    if kind == "tenths":
        return rng.integers(-10, 10 * side.astype(int) + 11, (n, 2)) / 10
    if kind == "border":
        return rng.choice([0.0, 1.0, -0.5, 0.5], (n, 2)) * side
    if kind == "axes":
        return np.repeat(rng.uniform(0, side, (n, 2)), 2, 0).reshape(-1)[1:-1].reshape(-1, 2)
    if kind == "repeated":
        return np.repeat(rng.uniform(0, side, (4, 2)), rng.integers(1, 4, 4), 0)
    if kind == "few":
        return rng.uniform(-1, side + 1, (int(rng.integers(1, 3)), 2))
    if kind == "box":
        x0, y0, x1, y1 = *rng.uniform(0, side), *rng.uniform(0, side)
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    raise ValueError(kind)


POLYGONS = ("outline", "crossing", "outside", "far", "pixel", "sliver", "integers", "halves", "tenths", "border", "axes",
            "repeated", "few", "box")


def polygon_case(rng, width, height):
    kind = str(rng.choice(POLYGONS))
    points = polygon(rng, kind, width, height).reshape(-1)
    if rng.random() < 0.5:
        points = np.round(points, 2)
    points = points.tolist() + ([1.5] if rng.random() < 0.03 else [])
    expected = runs_of(coco.decode(_mask.frPoly([points], height, width))[..., 0])
    return {"kind": f"polygon {kind}", "polygons": [points], "runs": expected}


def object_case(rng, width, height):
    shapes = [polygon(rng, str(rng.choice(["outline", "crossing", "outside", "pixel"])), width, height)
              for _ in range(int(rng.integers(2, 5)))]
    polygons = [np.round(shape, 2).reshape(-1).tolist() for shape in shapes]
    merged = coco.merge(coco.frPyObjects(polygons, height, width))
    return {"kind": "object", "polygons": polygons, "runs": runs_of(coco.decode(merged))}


def lengths_case(rng, width, height):
    total = width * height
    kind = str(rng.choice(["noise", "none", "all", "long", "zeros"]))
    if kind in ("noise", "none", "all"):
        mask = rng.random((height, width)) < {"noise": rng.random(), "none": -1, "all": 2}[kind]
        flat = mask.reshape(-1, order="F")
        edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]).astype(np.int8)))
        counts = np.diff(np.concatenate([[0], edges, [total]])).tolist()
    else:
        cuts = np.sort(rng.integers(0, total + 1, int(rng.integers(1, 12 if kind == "long" else 60))))
        counts = np.diff(np.concatenate([[0], cuts, [total]])).tolist()
        if kind == "zeros":
            at = int(rng.integers(0, len(counts)))
            counts[at:at] = [0] * int(rng.integers(1, 4))
    encoded = coco.frPyObjects([{"size": [height, width], "counts": counts}], height, width)[0]
    mask = coco.decode(encoded)
    compressed = rng.random() < 0.5
    counts = encoded["counts"].decode() if compressed else counts
    return {"kind": f"{'compressed' if compressed else 'plain'} {kind}", "counts": counts, "runs": runs_of(mask)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="pictures of at most 64 pixels a side")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    cases = []
    for _ in range(options.count):
        width, height = (int(side) for side in rng.choice(SMALL if options.small else WIDTHS, 2))
        make = rng.choice([polygon_case, object_case, lengths_case], p=[0.7, 0.1, 0.2])
        cases.append({"width": width, "height": height, **make(rng, width, height)})
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    # No time stamp: the same seed writes the same bytes.
    out.write_bytes(gzip.compress(json.dumps(cases, separators=(",", ":")).encode(), mtime=0))
    print(f"{len(cases)} cases, {out.stat().st_size} bytes in {out}")


if __name__ == "__main__":
    main()
