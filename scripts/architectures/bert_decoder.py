"""BLIP's text decoder: BERT with causal self-attention and cross-attention over a picture's states, scriptable.

Parameter names equal those of transformers' ``BlipForConditionalGeneration.text_decoder``.

A call takes the tokens that are new and the keys and values of what came before. Without them a caption of 30 tokens by 3
beams would send some 1,400 tokens through the layers instead of 90, and every step would project the picture's states
(577 x 1024, twice a layer) again.
"""

from dataclasses import dataclass
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class DecoderConfig:
    vocabulary: int
    length: int  # positions of a text
    width: int
    image_width: int  # of the picture's states
    layers: int
    heads: int
    mlp_width: int
    norm_eps: float = 1e-12


class Projections(nn.Module):
    """Queries from a text, keys and values from the text or the picture."""

    def __init__(self, width: int, source_width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(source_width, width)
        self.value = nn.Linear(source_width, width)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)  # [B, heads, N, d]

    def keys_values(self, source: Tensor) -> Tuple[Tensor, Tensor]:
        return self.split(self.key(source)), self.split(self.value(source))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Optional[Tensor]) -> Tensor:
        """x [B, T, W], keys and values [B or 1, heads, S, d], mask bool [T, S] or None (all) -> [B, T, W]."""
        # One picture serves all beams: its keys and values are stored once.
        keys = keys.expand(x.shape[0], -1, -1, -1)
        values = values.expand(x.shape[0], -1, -1, -1)
        out = F.scaled_dot_product_attention(self.split(self.query(x)), keys, values, attn_mask=mask)
        return out.transpose(1, 2).reshape(x.shape)


class Output(nn.Module):
    """A linear layer, the residual, then LayerNorm."""

    def __init__(self, inner: int, width: int, eps: float):
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=eps)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x) + residual)


class Attention(nn.Module):
    def __init__(self, config: DecoderConfig, source_width: int):
        super().__init__()
        self.self = Projections(config.width, source_width, config.heads)
        self.output = Output(config.width, config.width, config.norm_eps)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Optional[Tensor]) -> Tensor:
        return self.output(self.self(x, keys, values, mask), x)


class Intermediate(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.dense = nn.Linear(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.dense(x))


class Layer(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.attention = Attention(config, config.width)
        self.crossattention = Attention(config, config.image_width)
        self.intermediate = Intermediate(config.width, config.mlp_width)
        self.output = Output(config.mlp_width, config.width, config.norm_eps)

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor, image_keys: Tensor, image_values: Tensor
    ) -> Tensor:
        x = self.attention(x, keys, values, mask)
        x = self.crossattention(x, image_keys, image_values, None)
        return self.output(self.intermediate(x), x)


class Encoder(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.layer = nn.ModuleList([Layer(config) for _ in range(config.layers)])

    def forward(
        self, x: Tensor, image: Tensor, cross: List[Tensor], past: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
        before = past[0].shape[2] if len(past) > 0 else 0
        # Row t is position before + t; it sees itself and what came earlier.
        mask = torch.ones(x.shape[1], before + x.shape[1], dtype=torch.bool, device=x.device).tril(before)
        kept: List[Tensor] = []
        present: List[Tensor] = []
        for i, layer in enumerate(self.layer):
            if len(cross) > 0:
                image_keys, image_values = cross[2 * i], cross[2 * i + 1]
            else:
                image_keys, image_values = layer.crossattention.self.keys_values(image)
            kept += [image_keys, image_values]
            keys, values = layer.attention.self.keys_values(x)
            if before > 0:
                keys = torch.cat([past[2 * i], keys], dim=2)
                values = torch.cat([past[2 * i + 1], values], dim=2)
            present += [keys, values]
            x = layer(x, keys, values, mask, image_keys, image_values)
        return x, kept, present


class Embeddings(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocabulary, config.width)
        self.position_embeddings = nn.Embedding(config.length, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, ids: Tensor, before: int) -> Tensor:
        positions = self.position_embeddings.weight[before : before + ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(ids) + positions)


class Bert(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)

    def forward(
        self, ids: Tensor, image: Tensor, cross: List[Tensor], past: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
        before = past[0].shape[2] if len(past) > 0 else 0
        return self.encoder(self.embeddings(ids, before), image, cross, past)


class Transform(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.dense = nn.Linear(config.width, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(F.gelu(self.dense(x)))


class Predictions(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.transform = Transform(config)
        # Usually the token table once more: then the manifest's "tied" fills it.
        self.decoder = nn.Linear(config.width, config.vocabulary, bias=False)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.transform(x), self.decoder.weight, self.bias)


class Head(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.predictions = Predictions(config)

    def forward(self, x: Tensor) -> Tensor:
        return self.predictions(x)


class LanguageModel(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.bert = Bert(config)
        self.cls = Head(config)

    def forward(
        self, ids: Tensor, image: Tensor, cross: List[Tensor], past: List[Tensor], every: bool
    ) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
        x, cross, past = self.bert(ids, image, cross, past)
        return self.cls(x if every else x[:, -1:]), cross, past


class TextDecoder(nn.Module):
    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.text_decoder = LanguageModel(config)

    def forward(
        self, ids: Tensor, image: Tensor, cross: List[Tensor], past: List[Tensor], every: bool = False
    ) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
        """One step.

        ids    int64 [B, T], the tokens that follow what ``past`` holds
        image  [1, N, image width], the picture's states; read while ``cross`` is empty only
        cross  keys and values of the picture a layer, [1, heads, N, d], or empty: they are made then
        past   keys and values of the text so far a layer, [B, heads, before, d], or empty
        every  logits of all positions (training), else of the last one

        Returns (logits [B, T or 1, vocabulary], cross, past with the new tokens).
        """
        return self.text_decoder(ids, image, cross, past, every)
