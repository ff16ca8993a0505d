"""The methods on a bundle, for the test of the addon.

    python scripts/reference/methods_case.py --request request.json --out DIR

The request: {bundle, cases: [{name, method, picture: {file, width, height}, ids: [[K]], spans: [[first, count] or a list
of them], empty: [K], timestep, noiseSeed or null, self: {resolution: weight}, cross: {resolution: weight}, selfLayers,
crossLayers, crossScale, wordWeight, refine: {iterations, entropyReduction}, rule, threshold, rescale, clusters,
clusterIterations, anchors, tau, rounds}]}. Span i belongs to prompt i (diffsegmenter) or to the one prompt. Writes
``<name>.u8``, the labels of each case.
"""

import json
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from reference.bundle import Bundle  # noqa: E402
from reference.methods import Method  # noqa: E402
from reference.raw_file import read_raw, write_raw  # noqa: E402
from reference.request import read_request  # noqa: E402


def main() -> None:
    request, out = read_request(__doc__)
    bundle = Bundle(request["bundle"])
    for case in request["cases"]:
        picture = case["picture"]
        rgb = read_raw(picture["file"], [picture["height"], picture["width"], 3], torch.uint8)
        write_raw(os.path.join(out, f"{case['name']}.u8"), Method(bundle, rgb, case).run())


if __name__ == "__main__":
    main()
