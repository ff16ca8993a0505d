"""CLIP's two towers with their projections, scriptable; parameter names equal those of transformers' ``CLIPModel``."""

from dataclasses import dataclass
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class TowerConfig:
    width: int
    layers: int
    heads: int
    mlp_width: int
    quick_gelu: bool = True  # x * sigmoid(1.702 x), the published models' activation; else the exact GELU
    norm_eps: float = 1e-5


@dataclass(frozen=True)
class ClipConfig:
    image: TowerConfig
    text: TowerConfig
    image_size: int
    patch: int
    vocabulary: int
    length: int  # positions of a text
    projection: int  # width of the common space


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)  # [B, heads, N, d]

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out_proj(out.transpose(1, 2).reshape(x.shape))


class Mlp(nn.Module):
    def __init__(self, config: TowerConfig):
        super().__init__()
        self.quick_gelu = config.quick_gelu
        self.fc1 = nn.Linear(config.width, config.mlp_width)
        self.fc2 = nn.Linear(config.mlp_width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        return self.fc2(x * torch.sigmoid(1.702 * x) if self.quick_gelu else F.gelu(x))


class EncoderLayer(nn.Module):
    def __init__(self, config: TowerConfig, causal: bool):
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.self_attn = SelfAttention(config.width, config.heads, causal)
        self.layer_norm2 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.mlp = Mlp(config)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Encoder(nn.Module):
    def __init__(self, config: TowerConfig, causal: bool):
        super().__init__()
        self.layers = nn.ModuleList([EncoderLayer(config, causal) for _ in range(config.layers)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class TextEmbeddings(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.text.width)
        self.position_embedding = nn.Embedding(config.length, config.text.width)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]


class TextTransformer(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        self.embeddings = TextEmbeddings(config)
        self.encoder = Encoder(config.text, True)
        self.final_layer_norm = nn.LayerNorm(config.text.width, eps=config.text.norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        return self.final_layer_norm(self.encoder(self.embeddings(ids)))


class TextEncoder(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        self.text_model = TextTransformer(config)
        self.text_projection = nn.Linear(config.text.width, config.projection, bias=False)

    def forward(self, ids: Tensor, ends: Tensor) -> Tuple[Tensor, Tensor]:
        """ids int64 [B, K], ends int64 [B]: position of each text's end token
        -> (states [B, K, width] after the final LayerNorm, embeddings [B, projection], not normalised).

        Causal, so that what stands behind the end token changes nothing: texts need no full padding.
        """
        states = self.text_model(ids)
        pooled = states[torch.arange(ids.shape[0], device=ids.device), ends]
        return states, self.text_projection(pooled)


class VisionEmbeddings(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        width = config.image.width
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.patch_embedding = nn.Conv2d(3, width, config.patch, stride=config.patch, bias=False)
        self.position_embedding = nn.Embedding((config.image_size // config.patch) ** 2 + 1, width)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embedding(pixels.to(self.patch_embedding.weight.dtype)).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(pixels.shape[0], 1, -1)
        return torch.cat([first, patches], dim=1) + self.position_embedding.weight


class VisionTransformer(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        self.embeddings = VisionEmbeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.image.width, eps=config.image.norm_eps)  # the checkpoint's spelling
        self.encoder = Encoder(config.image, False)
        self.post_layernorm = nn.LayerNorm(config.image.width, eps=config.image.norm_eps)

    def forward(self, pixels: Tensor) -> Tuple[Tensor, Tensor]:
        states = self.encoder(self.pre_layrnorm(self.embeddings(pixels)))
        return states, self.post_layernorm(states[:, 0])


class ImageEncoder(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        self.vision_model = VisionTransformer(config)
        self.visual_projection = nn.Linear(config.image.width, config.projection, bias=False)

    def forward(self, pixels: Tensor) -> Tuple[Tensor, Tensor]:
        """pixels [B, 3, size, size], normalised -> (states [B, 1 + patches, width] before the last LayerNorm,
        embeddings [B, projection], not normalised)."""
        states, pooled = self.vision_model(pixels)
        return states, self.visual_projection(pooled)
