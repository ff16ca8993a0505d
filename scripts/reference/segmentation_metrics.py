"""Metrics of 1,000 random label maps in float64, as the field computes them: a histogram a picture, summed.

    python scripts/reference/segmentation_metrics.py > test/evaluation/metrics.golden.json

The maps come from a linear congruential generator that the test repeats, so that the file holds results alone.
"""

import json
import sys
from typing import Dict, List, Optional, Tuple

import numpy as np

SETS = 20
PICTURES = 50
IGNORED = 255
SIDES = (7, 24)  # smallest side, number of sides


class Generator:
    """x ← 1664525 x + 1013904223 mod 2³²; numbers from its upper half."""

    def __init__(self, seed: int):
        self.state = seed

    def below(self, bound: int) -> int:
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 16) % bound


def random_picture(generator: Generator, classes: int, labelled: int) -> Tuple[np.ndarray, np.ndarray]:
    """Truth from the first `labelled` classes or ignored; the prediction is right every other time."""
    size = (SIDES[0] + generator.below(SIDES[1])) * (SIDES[0] + generator.below(SIDES[1]))
    truth = np.empty(size, dtype=np.int64)
    predicted = np.empty(size, dtype=np.int64)
    for i in range(size):
        label = generator.below(labelled + 1)
        guess = label if generator.below(2) == 0 and label < labelled else generator.below(classes - 2)
        truth[i] = IGNORED if label == labelled else label
        predicted[i] = guess
    return truth, predicted


def intersect_and_union(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """[3, classes]: intersection, area of the prediction, area of the label, without ignored pixels."""
    counted = truth != IGNORED
    truth, predicted = truth[counted], predicted[counted]
    bins = np.arange(classes + 1)
    both = predicted[predicted == truth]
    return np.stack([np.histogram(values, bins)[0] for values in (both, predicted, truth)]).astype(np.float64)


def metrics(areas: np.ndarray) -> Dict[str, object]:
    """Means under each rule for absent classes."""
    intersection, predicted, label = areas
    with np.errstate(invalid="ignore", divide="ignore"):
        iou = intersection / (predicted + label - intersection)
        accuracy = intersection / label
    present = label > 0
    return {
        "aAcc": intersection.sum() / label.sum(),
        "nan-mean": [np.nanmean(iou), np.nanmean(accuracy)],
        "zero": [np.nan_to_num(iou).mean(), np.nan_to_num(accuracy).mean()],
        "present-only": [iou[present].mean(), accuracy[present].mean()],
        "iou": [None if np.isnan(value) else value for value in iou],
    }


def main() -> None:
    results: List[Dict[str, object]] = []
    for number in range(SETS):
        generator = Generator(number)
        classes = 5 + 4 * number
        labelled = classes - 1 - number % 4  # some sets never show the last classes
        areas: Optional[np.ndarray] = None
        for _ in range(PICTURES):
            one = intersect_and_union(*random_picture(generator, classes, labelled), classes)
            areas = one if areas is None else areas + one
        assert areas is not None
        results.append({"classes": classes, "labelled": labelled, **metrics(areas)})
    json.dump({"pictures": PICTURES, "sides": SIDES, "sets": results}, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
