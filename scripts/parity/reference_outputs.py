"""What the addon must reproduce on a full-size folder, from our eager modules in float32.

    python scripts/parity/reference_outputs.py --folder /tmp/sd21 --out /tmp/sd21-reference

Writes raw little-endian files and ``index.json``: token ids, a picture, its latent, text states, and every layer's
self- and cross-attention map (mean over heads) of one pass at t = 50, noise from a CPU generator of seed 3.
"""

import argparse
import json
import os

import torch

from folder import SD21, example_ids, example_picture, load_module, to_network  # isort: skip
from architectures.unet import attention_layers, timestep_sinusoids, uniform_head_weights
from reference.schedule import add_noise, alpha_bars, draw_noise

TIMESTEP = 50
NOISE_SEED = 3
LATENT_SCALE = 0.18215


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    index = {"timestep": TIMESTEP, "noiseSeed": NOISE_SEED, "arrays": {}, "layers": []}

    def write(name: str, value: torch.Tensor) -> None:
        file = name.replace(" ", "-") + ".bin"
        value.contiguous().numpy().tofile(os.path.join(options.out, file))
        index["arrays"][name] = {"file": file, "shape": list(value.shape), "dtype": str(value.dtype).split(".")[1]}

    with torch.no_grad():
        ids = example_ids()
        write("ids", ids.int())
        states = load_module(options.folder, "text_encoder")(ids)
        write("states", states)
        picture = example_picture(512)
        write("picture", picture)
        latent = load_module(options.folder, "vae_encoder")(to_network(picture)).chunk(2, dim=1)[0] * LATENT_SCALE
        write("latent", latent)

        layers = attention_layers(SD21.unet)
        index["layers"] = layers
        heads = uniform_head_weights(SD21.unet)
        module = load_module(options.folder, "unet")

        def hook(name: str, scale: float):
            # The module's weights make a level's sum its mean; one layer's own mean over heads is wanted here.
            return lambda _module, _inputs, output: write(name, output[1][0] * scale)

        for layer in layers:
            count = sum(other["level"] == layer["level"] for other in layers)
            block = module.get_submodule(layer["name"]).transformer_blocks[0]
            block.attn1.register_forward_hook(hook(f"{layer['name']} self", count))
            block.attn2.register_forward_hook(hook(f"{layer['name']} cross", count))
        noise = draw_noise(NOISE_SEED, 1, list(latent.shape[1:]))
        noised = add_noise(latent, noise.float(), TIMESTEP, alpha_bars()).float()
        every = [1] * len(layers)
        time_embedding = timestep_sinusoids(torch.tensor([TIMESTEP]), SD21.unet.channels[0])
        module(noised, time_embedding, states, every, every, heads, heads)
    with open(os.path.join(options.out, "index.json"), "w", encoding="utf-8") as file:
        json.dump(index, file, indent=1)
    print(f"{len(index['arrays'])} arrays in {options.out}")


if __name__ == "__main__":
    main()
