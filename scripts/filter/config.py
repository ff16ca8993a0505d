"""Sizes of the miniature's filter: a small CLIP and a small BLIP for 128-pixel pictures, and the modules of both."""

from typing import Dict

from architectures.bert_decoder import DecoderConfig, TextDecoder
from architectures.blip import BlipConfig, VisionConfig, VisionEncoder
from architectures.clip import ClipConfig, ImageEncoder, TextEncoder, TowerConfig
from miniature.config import PICTURE
from torch import nn

from .features import FEATURES, PATCH, AttentionFeatures
from .texts import CaptionTokenizer, NameTokenizer


def clip_config() -> ClipConfig:
    return ClipConfig(
        image=TowerConfig(width=128, layers=3, heads=4, mlp_width=384, quick_gelu=False),
        text=TowerConfig(width=96, layers=2, heads=4, mlp_width=288, quick_gelu=False),
        image_size=PICTURE,
        patch=PATCH,
        vocabulary=NameTokenizer().size,
        length=32,
        projection=96,
    )


def blip_config() -> BlipConfig:
    tokenizer = CaptionTokenizer()
    return BlipConfig(
        vision=VisionConfig(image_size=PICTURE, patch=PATCH, width=128, layers=3, heads=4, mlp_width=384),
        decoder=DecoderConfig(
            vocabulary=tokenizer.start + 1,
            length=40,
            width=96,
            image_width=128,
            layers=2,
            heads=4,
            mlp_width=288,
        ),
    )


def clip_parts(whole: bool = True) -> Dict[str, nn.Module]:
    """The modules of the small CLIP by the names of their files; for training without the networks of the miniature."""
    config = clip_config()
    image = ImageEncoder(config)
    image.vision_model.embeddings.patch_embedding = patches(config.image.width, whole)
    return {"image_encoder": image, "text_encoder": TextEncoder(config)}


def blip_parts(whole: bool = True) -> Dict[str, nn.Module]:
    """The same of the small BLIP."""
    config = blip_config()
    vision = VisionEncoder(config.vision)
    vision.vision_model.embeddings.patch_embedding = patches(config.vision.width, whole)
    return {"vision_encoder": vision, "text_decoder": TextDecoder(config.decoder)}


def patches(width: int, whole: bool) -> nn.Module:
    return AttentionFeatures(width) if whole else nn.Conv2d(FEATURES, width, 1)
