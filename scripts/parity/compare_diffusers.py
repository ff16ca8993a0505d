"""Compare our architectures with diffusers and transformers on a full-size folder (see write_random_sd21.py).

    python scripts/parity/compare_diffusers.py --folder /tmp/sd21 [--size 512] [--json figures.json]

Needs diffusers and transformers in the Python that runs it. Text states, VAE mean, all 32 attention maps and the
U-Net's prediction, in float32 on the CPU; both sides get the same inputs. The maps are weighted sums over heads with
unequal weights, so that an exchange of heads would show.
"""

import argparse
import gc
import json
import time
from typing import Callable, Dict, List

import torch
from torch import Tensor

from folder import SD21, errors, example_ids, example_picture, load_module, to_network, weights_of  # isort: skip
from architectures.unet import attention_layers, timestep_sinusoids

TIMESTEP = 50


def capture(weights: Tensor, store: Callable[[Tensor], None]) -> Callable[..., Tensor]:
    """An attention processor for diffusers that computes the probabilities and stores their weighted sum over heads."""

    def process(attention, hidden_states, encoder_hidden_states=None, attention_mask=None, *_, **__):
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states

        def split(x: Tensor) -> Tensor:
            return x.unflatten(-1, (attention.heads, -1)).transpose(1, 2)

        query = split(attention.to_q(hidden_states))
        key, value = split(attention.to_k(context)), split(attention.to_v(context))
        probabilities = (query @ key.transpose(-1, -2) * attention.scale).softmax(-1)
        store((probabilities * weights.view(1, -1, 1, 1)).sum(1))
        return attention.to_out[0]((probabilities @ value).transpose(1, 2).flatten(2))

    return process


def compare_text(folder: str) -> Dict[str, List[float]]:
    from transformers import CLIPTextModel

    ids = example_ids()
    ours = load_module(folder, "text_encoder")(ids)
    theirs = CLIPTextModel.from_pretrained(f"{folder}/text_encoder", dtype=torch.float32).eval()(ids).last_hidden_state
    return {"states": [*errors(ours, theirs)], "_states": ours}


def compare_vae(folder: str, size: int) -> Dict[str, List[float]]:
    from diffusers import AutoencoderKL

    image = to_network(example_picture(size))
    ours = load_module(folder, "vae_encoder")(image).chunk(2, dim=1)[0]
    with open(f"{folder}/vae/config.json", encoding="utf-8") as file:
        theirs = AutoencoderKL.from_config(json.load(file))
    theirs.load_state_dict({key: value.float() for key, value in weights_of(folder, "vae_encoder").items()})
    theirs = theirs.eval().encode(image).latent_dist.mean
    return {"mean": [*errors(ours, theirs)], "_mean": ours}


def our_maps(folder: str, latent: Tensor, context: Tensor, heads: Tensor) -> Dict[str, Tensor]:
    """{"<layer> self" | "<layer> cross": [1, N, keys]} and the prediction, from one pass of our module."""
    layers = attention_layers(SD21.unet)
    module = load_module(folder, "unet")
    maps: Dict[str, Tensor] = {}

    def hook(name: str):
        def store(_module, _inputs, output) -> None:
            maps[name] = output[1]

        return store

    for layer in layers:
        block = module.get_submodule(layer["name"]).transformer_blocks[0]
        block.attn1.register_forward_hook(hook(f"{layer['name']} self"))
        block.attn2.register_forward_hook(hook(f"{layer['name']} cross"))
    every = [1] * len(layers)
    time_embedding = timestep_sinusoids(torch.tensor([TIMESTEP]), SD21.unet.channels[0])
    prediction, _, _ = module(latent, time_embedding, context, every, every, heads, heads, False, True)
    return {**maps, "prediction": prediction}


def their_maps(folder: str, latent: Tensor, context: Tensor, heads: Tensor) -> Dict[str, Tensor]:
    from diffusers import UNet2DConditionModel

    with open(f"{folder}/unet/config.json", encoding="utf-8") as file:
        config = json.load(file)
    with torch.device("meta"):
        model = UNet2DConditionModel.from_config(config)
    model.load_state_dict({key: value.float() for key, value in weights_of(folder, "unet").items()}, assign=True)
    model = model.eval()
    maps: Dict[str, Tensor] = {}

    def hook(name: str):
        return lambda value: maps.__setitem__(name, value)

    for i, layer in enumerate(attention_layers(SD21.unet)):
        block = model.get_submodule(layer["name"]).transformer_blocks[0]
        weights = heads[i, : layer["heads"]]
        block.attn1.set_processor(capture(weights, hook(f"{layer['name']} self")))
        block.attn2.set_processor(capture(weights, hook(f"{layer['name']} cross")))
    prediction = model(latent, torch.tensor([TIMESTEP]), encoder_hidden_states=context).sample
    return {**maps, "prediction": prediction}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--size", type=int, default=512, help="side of the picture")
    parser.add_argument("--json", help="write every figure there")
    options = parser.parse_args()
    torch.manual_seed(0)
    figures: Dict[str, List[float]] = {}

    with torch.no_grad():
        text = compare_text(options.folder)
        gc.collect()
        vae = compare_vae(options.folder, options.size)
        gc.collect()
        figures["text states"] = text["states"]
        figures["VAE mean"] = vae["mean"]
        generator = torch.Generator().manual_seed(1)
        latent = vae["_mean"] * 0.18215 + 0.2 * torch.randn(vae["_mean"].shape, generator=generator)
        layers = attention_layers(SD21.unet)
        heads = torch.zeros(len(layers), max(SD21.unet.heads))
        for i, layer in enumerate(layers):
            heads[i, : layer["heads"]] = torch.rand(layer["heads"], generator=generator).add(0.1)
            heads[i] /= heads[i].sum()
        start = time.time()
        ours = our_maps(options.folder, latent, text["_states"], heads)
        gc.collect()
        between = time.time()
        theirs = their_maps(options.folder, latent, text["_states"], heads)
        print(f"U-Net: ours {between - start:.0f} s, diffusers {time.time() - between:.0f} s (with loading)")
    if set(ours) != set(theirs):
        raise SystemExit(f"different maps: {sorted(set(ours) ^ set(theirs))}")
    entropies: Dict[str, float] = {}
    for name, value in ours.items():
        figures[name] = [*errors(value, theirs[name])]
        if name != "prediction":
            rows = value.double()
            entropy = -(rows * rows.clamp_min(1e-30).log()).sum(-1).mean().item()
            entropies[name] = entropy / torch.log(torch.tensor(float(rows.shape[-1]))).item()

    print(f"| {'what':<38} | max abs    | relative   | row entropy / log keys |\n|---|---|---|---|")
    for name, (absolute, relative) in figures.items():
        entropy = f"{entropies[name]:.2f}" if name in entropies else ""
        print(f"| {name:<38} | {absolute:.2e}   | {relative:.2e}   | {entropy} |")
    maps = [relative for name, (_, relative) in figures.items() if name in entropies]
    print(f"{len(maps)} maps, worst relative error {max(maps):.2e}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"figures": figures, "entropies": entropies}, file, indent=2)


if __name__ == "__main__":
    main()
