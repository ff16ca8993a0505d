"""Train the small BLIP on the miniature's scenes, resumable.

    python -m filter.train_captioner --minutes 12          (from scripts/, after filter.train_contrastive)

The layers of the picture encoder start from the contrastive model's where it is trained. Half of the captions begin with the
prefix that the filter asks with, which is no target.
"""

import os
from typing import Dict

import numpy as np
import torch
import torch.nn.functional as F
from miniature.config import cache
from torch import Tensor, nn

from .config import blip_config, blip_parts
from .data import GROUND, LEAST, Batch, Scenes
from .texts import END, PAD, PREFIX, CaptionTokenizer, caption
from .train_contrastive import initialise
from .training import arguments, train


class Captioner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.vision, self.decoder = blip_parts(whole=False).values()
        self.patches = nn.Linear(blip_config().vision.width, GROUND + 1)


def borrow(network: Captioner) -> bool:
    """The encoder's layers from the contrastive model: the same mathematics under other names."""
    path = cache("filter-contrastive.pt")
    if not os.path.exists(path):
        return False
    theirs = torch.load(path, weights_only=True)["average"]
    own = network.vision.state_dict()
    for name in own:
        source = "image." + name
        if ".self_attn.qkv." in name:
            parts = [theirs[source.replace(".qkv.", f".{kind}_proj.")] for kind in "qkv"]
            own[name] = torch.cat(parts)
        elif ".self_attn.projection." in name:
            own[name] = theirs[source.replace(".projection.", ".out_proj.")]
        elif source in theirs and (".encoder.layers." in name or ".patch_embedding." in name):
            own[name] = theirs[source]
    own["vision_model.embeddings.position_embedding"] = theirs["image.vision_model.embeddings.position_embedding.weight"][None]
    network.vision.load_state_dict(own)
    return True


def targets(rng: np.random.Generator, batch: Batch, tokenizer: CaptionTokenizer):
    """-> (ids [B, T], the tokens to predict [B, T], −100 where none is)"""
    prefix = tokenizer.encode(PREFIX)
    rows, goals = [], []
    for mask in batch.masks:
        begin = [tokenizer.start, *(prefix if rng.random() < 0.5 else [])]
        words = tokenizer.encode(caption(rng, mask, LEAST))
        rows.append([*begin, *words])
        goals.append([-100] * (len(begin) - 1) + [*words, END])
    longest = max(map(len, rows))
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    return ids, torch.tensor([goal + [-100] * (longest - len(goal)) for goal in goals])


def caption_loss(network: Captioner, rng: np.random.Generator, batch: Batch, tokenizer: CaptionTokenizer):
    states = network.vision(batch.features)
    ids, goals = targets(rng, batch, tokenizer)
    logits = network.decoder(ids, states, [], [], True)[0]
    return states, F.cross_entropy(logits.float().flatten(0, 1), goals.flatten(), ignore_index=-100)


def validate(network: nn.Module) -> str:
    rng = np.random.default_rng(0)
    loss = caption_loss(network, rng, Scenes().validation(600), CaptionTokenizer())[1]
    return f"validation: {loss:.4f} nats a word"


def main() -> None:
    options = arguments(__doc__)
    torch.manual_seed(options.seed)
    network, tokenizer = Captioner(), CaptionTokenizer()
    initialise(network)
    print(f"filter-captioner: picture encoder from the contrastive model: {'yes' if borrow(network) else 'no'}")

    def losses(batch: Batch, rng: np.random.Generator) -> Dict[str, Tensor]:
        states, loss = caption_loss(network, rng, batch, tokenizer)
        patches = F.cross_entropy(network.patches(states[:, 1:]).float().flatten(0, 1), batch.patches.flatten())
        return {"caption": loss, "patches": 0.3 * patches}

    train("filter-captioner", network, losses, validate, options)


if __name__ == "__main__":
    main()
