"""Names and shapes of a model's parameters, for who makes random weights without Python (`invseg bench --random`).

    python -m models.parameters            writes models/sd21/parameters.json          (from scripts/)
    python -m models.parameters --check    exit code 1 where the file is not that
"""

import json
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from architectures.configs import SD21  # noqa: E402
from architectures.export import build  # noqa: E402

# By the names that a manifest gives the modules.
MODULES = {"textEncoder": "text_encoder", "vaeEncoder": "vae_encoder", "unet": "unet"}
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models", "sd21", "parameters.json")


def main() -> int:
    table = {}
    for key, name in MODULES.items():
        with torch.device("meta"):
            table[key] = {name: list(value.shape) for name, value in build(SD21, name).named_parameters()}
    lines = [
        f'  "{module}": {{\n' + ",\n".join(f'    "{name}": {json.dumps(shape)}' for name, shape in shapes.items()) + "\n  }"
        for module, shapes in table.items()
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if "--check" in sys.argv:
        with open(FILE, encoding="utf-8") as file:
            return 0 if json.load(file) == table else 1
    with open(FILE, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
