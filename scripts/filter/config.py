"""Sizes, folders and numbers of the miniature's filter: a small CLIP and a small BLIP for 128-pixel pictures."""

import os

from architectures.bert_decoder import DecoderConfig
from architectures.blip import BlipConfig, VisionConfig
from architectures.clip import ClipConfig, TowerConfig
from miniature.config import PICTURE, REPOSITORY

from .texts import CaptionTokenizer, NameTokenizer

PATCH = 16
POINTS = (PICTURE // PATCH) ** 2
BUNDLE = os.path.join(REPOSITORY, "models", "miniature-filter")
MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]


def clip_config() -> ClipConfig:
    return ClipConfig(
        image=TowerConfig(width=128, layers=5, heads=4, mlp_width=384, quick_gelu=False),
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
        vision=VisionConfig(image_size=PICTURE, patch=PATCH, width=128, layers=5, heads=4, mlp_width=384),
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
