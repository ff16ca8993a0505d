"""Golden numbers of test/evaluation/metrics.test.ts: python scripts/evaluation/metrics_golden.py > test/evaluation/metrics.json

The field's definition (mmsegmentation's IoUMetric) in numpy: pixels of the ignored label are left out, areas of the
intersection, the prediction and the truth are histograms summed over all maps, means over classes leave NaN out.
"""
import json

import numpy as np

CLASSES, WIDTH, HEIGHT, MAPS = 21, 23, 17, 1000
IGNORED = 255


def numbers(state):
    """xorshift32, as in the test."""
    while True:
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        yield state


def maps(source):
    """Class 19 is nowhere, class 20 in predictions alone; class 18 is rare."""
    truth, predicted = [], []
    for _ in range(WIDTH * HEIGHT):
        r, s = next(source) % 2300, next(source) % 24
        label = 18 if r == 1800 else r // 100 if r < 1800 else IGNORED
        truth.append(label)
        predicted.append(s if s < 18 else 20 if s == 19 else label if label != IGNORED else 0)
    return np.array(truth), np.array(predicted)


def areas(truth, predicted):
    kept = truth != IGNORED
    truth, predicted = truth[kept], predicted[kept]
    histogram = lambda values: np.histogram(values, bins=CLASSES, range=(-0.5, CLASSES - 0.5))[0].astype(np.float64)
    return histogram(predicted[predicted == truth]), histogram(predicted), histogram(truth)


def metrics(hit, predicted, truth):
    with np.errstate(invalid="ignore", divide="ignore"):
        iou, accuracy = hit / (truth + predicted - hit), hit / truth
    present = truth > 0
    means = {
        "nan-mean": [np.nanmean(iou), np.nanmean(accuracy)],
        "zero": [np.nan_to_num(iou).mean(), np.nan_to_num(accuracy).mean()],
        "present-only": [iou[present].mean(), accuracy[present].mean()],
    }
    plain = lambda values: [None if np.isnan(value) else float(value) for value in values]
    return {
        "hit": hit.tolist(), "predicted": predicted.tolist(), "truth": truth.tolist(),
        "iou": plain(iou), "accuracy": plain(accuracy), "aAcc": float(hit.sum() / truth.sum()),
        "means": {rule: plain(values) for rule, values in means.items()},
    }


source = numbers(20260101)
total = [np.zeros(CLASSES) for _ in range(3)]
golden = {}
for i in range(1, MAPS + 1):
    for to, area in zip(total, areas(*maps(source))):
        to += area
    if i in (1, 10, 100, MAPS):
        golden[i] = metrics(*total)
print(json.dumps({"classes": CLASSES, "width": WIDTH, "height": HEIGHT, "after": golden}))
