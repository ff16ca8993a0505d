"""The CLIP text tower that conditions Stable Diffusion 2.1, scriptable; parameter names equal the checkpoint's."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .configs import TextEncoderConfig
from .operators import LayerNorm, Linear


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_proj = Linear(width, width)
        self.k_proj = Linear(width, width)
        self.v_proj = Linear(width, width)
        self.out_proj = Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, k, w = x.shape
        q = self.q_proj(x).view(b, k, self.heads, -1).transpose(1, 2)
        key = self.k_proj(x).view(b, k, self.heads, -1).transpose(1, 2)
        v = self.v_proj(x).view(b, k, self.heads, -1).transpose(1, 2)
        out = F.scaled_dot_product_attention(q, key, v, is_causal=True)
        return self.out_proj(out.transpose(1, 2).reshape(b, k, w))


class Mlp(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.fc1 = Linear(width, inner)
        self.fc2 = Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class EncoderLayer(nn.Module):
    def __init__(self, config: TextEncoderConfig):
        super().__init__()
        self.layer_norm1 = LayerNorm(config.width, eps=config.norm_eps)
        self.self_attn = SelfAttention(config.width, config.heads)
        self.layer_norm2 = LayerNorm(config.width, eps=config.norm_eps)
        self.mlp = Mlp(config.width, config.mlp_width)

    def forward(self, x: Tensor) -> Tensor:
        x, normed = self.layer_norm2.after(x, self.self_attn(self.layer_norm1(x)))
        return x + self.mlp(normed)


class Embeddings(nn.Module):
    def __init__(self, config: TextEncoderConfig):
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.position_embedding = nn.Embedding(config.length, config.width)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]


class Encoder(nn.Module):
    def __init__(self, config: TextEncoderConfig):
        super().__init__()
        self.layers = nn.ModuleList([EncoderLayer(config) for _ in range(config.layers)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class TextTransformer(nn.Module):
    def __init__(self, config: TextEncoderConfig):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.final_layer_norm = LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        return self.final_layer_norm(self.encoder(self.embeddings(ids)))


class TextEncoder(nn.Module):
    """ids int64 [B, K] -> text states [B, K, width], after the final LayerNorm; causal, no padding mask."""

    def __init__(self, config: TextEncoderConfig):
        super().__init__()
        self.text_model = TextTransformer(config)

    def forward(self, ids: Tensor) -> Tensor:
        return self.text_model(ids)
