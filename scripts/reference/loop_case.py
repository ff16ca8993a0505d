"""The whole loop on a bundle, for the test of the addon.

    python scripts/reference/loop_case.py --request request.json --out DIR

The request holds everything that is random or chosen: {bundle, picture: {file, width, height}, ids,
spans: [[first, count]], frame, training: {resolution: weight}, inference: {self, cross}, options,
steps: [{boxes, timestep, noiseSeed}], predict: {timestep, noiseSeed, width, height}}. ``options`` are fields of
LoopOptions. Writes ``result.json`` (the scalars of each step) and ``labels.u8``, ``baseline.u8`` (the labels after and
before the steps), ``maps.f32``, ``embedding.f32``.
"""

import json
import os
import sys
from typing import Dict

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from reference.bundle import Bundle, Selection  # noqa: E402
from reference.inversion import Inversion, LoopOptions  # noqa: E402
from reference.raw_file import read_raw, write_raw  # noqa: E402
from reference.request import read_request  # noqa: E402


def by_resolution(weights: Dict[str, float]) -> Dict[int, float]:
    """JSON keys are words."""
    return {int(resolution): weight for resolution, weight in weights.items()}


def main() -> None:
    request, out = read_request(__doc__)
    bundle = Bundle(request["bundle"])
    picture = request["picture"]
    rgb = read_raw(picture["file"], [picture["height"], picture["width"], 3], torch.uint8)
    training = by_resolution(request["training"])
    options = LoopOptions(
        spans=[(first, count) for first, count in request["spans"]],
        training=Selection(bundle, training, training),
        frame=request["frame"],
        **request.get("options", {}),
    )
    inference = Selection(
        bundle, by_resolution(request["inference"]["self"]), by_resolution(request["inference"]["cross"])
    )
    embedding = bundle.encode_text(torch.tensor([request["ids"]]))[0]
    inversion = Inversion(bundle, rgb, embedding, options)

    def predict():
        p = request["predict"]
        return inversion.predict(inference, p["timestep"], p["noiseSeed"], p["height"], p["width"])

    baseline, _ = predict()
    steps = [
        inversion.step(torch.tensor(step["boxes"], dtype=torch.float32).double(), step["timestep"], step["noiseSeed"])
        for step in request["steps"]
    ]
    labels, maps = predict()
    write_raw(os.path.join(out, "baseline.u8"), baseline)
    write_raw(os.path.join(out, "labels.u8"), labels)
    write_raw(os.path.join(out, "maps.f32"), maps.float())
    write_raw(os.path.join(out, "embedding.f32"), inversion.state.parameter.float())
    with open(os.path.join(out, "result.json"), "w", encoding="utf-8") as file:
        json.dump({"steps": steps}, file)


if __name__ == "__main__":
    main()
