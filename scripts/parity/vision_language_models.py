"""transformers' CLIP and BLIP in the sizes of scripts/architectures, and their configuration files."""

from typing import Dict, Tuple

import numpy as np
import torch
from architectures.blip import BlipConfig
from architectures.clip import ClipConfig, TowerConfig
from transformers import BlipConfig as PublishedBlipConfig
from transformers import BlipForConditionalGeneration, CLIPModel
from transformers import CLIPConfig as PublishedClipConfig

MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]


def tower(config: TowerConfig) -> dict:
    return {
        "hidden_size": config.width,
        "intermediate_size": config.mlp_width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "hidden_act": "quick_gelu" if config.quick_gelu else "gelu",
    }


def clip_config(config: ClipConfig, bos: int, eos: int) -> PublishedClipConfig:
    text = {
        **tower(config.text),
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.length,
        "projection_dim": config.projection,
        "bos_token_id": bos,
        "eos_token_id": eos,
        "pad_token_id": eos,
    }
    image = {
        **tower(config.image),
        "image_size": config.image_size,
        "patch_size": config.patch,
        "projection_dim": config.projection,
    }
    return PublishedClipConfig(text_config=text, vision_config=image, projection_dim=config.projection)


def blip_config(config: BlipConfig, start: int, end: int, tied: bool) -> PublishedBlipConfig:
    decoder, vision = config.decoder, config.vision
    text = {
        "vocab_size": decoder.vocabulary,
        "hidden_size": decoder.width,
        "intermediate_size": decoder.mlp_width,
        "num_hidden_layers": decoder.layers,
        "num_attention_heads": decoder.heads,
        "max_position_embeddings": decoder.length,
        "bos_token_id": start,
        "sep_token_id": end,
        "pad_token_id": 0,
        "tie_word_embeddings": tied,
    }
    image = {
        "hidden_size": vision.width,
        "intermediate_size": vision.mlp_width,
        "num_hidden_layers": vision.layers,
        "num_attention_heads": vision.heads,
        "image_size": vision.image_size,
        "patch_size": vision.patch,
    }
    return PublishedBlipConfig(text_config=text, vision_config=image, tie_word_embeddings=tied)


def fill(model: torch.nn.Module, tensors: Dict[str, np.ndarray]) -> torch.nn.Module:
    """Put weights into a model of transformers; what is tied follows, anything else must be given."""
    missing, unknown = model.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()}, strict=False)
    free = {"logit_scale", *(getattr(model, "_tied_weights_keys", None) or {})}
    if unknown or set(missing) - free:
        raise ValueError(f"unknown: {unknown}, missing: {sorted(set(missing) - free)}")
    return model.eval()


def make_clip(config: ClipConfig, bos: int, eos: int) -> CLIPModel:
    return CLIPModel(clip_config(config, bos, eos))


def make_blip(config: BlipConfig, start: int, end: int, tied: bool) -> BlipForConditionalGeneration:
    return BlipForConditionalGeneration(blip_config(config, start, end, tied))


def shapes(modules: Dict[str, torch.nn.Module]) -> Dict[str, Tuple[int, ...]]:
    """Parameter names and shapes of our modules (made on the meta device: nothing is allocated)."""
    return {name: tuple(p.shape) for module in modules.values() for name, p in module.named_parameters()}
