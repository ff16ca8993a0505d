"""Names and shapes of the VAE's decoder: part of a published folder, though this library never reads it."""

from typing import Dict, List


def vae_decoder_shapes(channels: List[int], layers: int, latent: int, image: int = 3) -> Dict[str, List[int]]:
    """``channels`` finest first, ``layers`` of the encoder (the decoder has one more a block) -> {name: shape}."""
    shapes: Dict[str, List[int]] = {}

    def affine(name: str, *shape: int) -> None:
        shapes[f"{name}.weight"] = list(shape)
        shapes[f"{name}.bias"] = [shape[0]]

    def resnet(name: str, width_in: int, width: int) -> None:
        affine(f"{name}.norm1", width_in)
        affine(f"{name}.conv1", width, width_in, 3, 3)
        affine(f"{name}.norm2", width)
        affine(f"{name}.conv2", width, width, 3, 3)
        if width_in != width:
            affine(f"{name}.conv_shortcut", width, width_in, 1, 1)

    width = channels[-1]
    affine("post_quant_conv", latent, latent, 1, 1)
    affine("decoder.conv_in", width, latent, 3, 3)
    for i in range(2):
        resnet(f"decoder.mid_block.resnets.{i}", width, width)
    attention = "decoder.mid_block.attentions.0"
    affine(f"{attention}.group_norm", width)
    for part in ("to_q", "to_k", "to_v", "to_out.0"):
        affine(f"{attention}.{part}", width, width)
    for block, out in enumerate(reversed(channels)):
        for i in range(layers + 1):
            resnet(f"decoder.up_blocks.{block}.resnets.{i}", width, out)
            width = out
        if block < len(channels) - 1:
            affine(f"decoder.up_blocks.{block}.upsamplers.0.conv", out, out, 3, 3)
    affine("decoder.conv_norm_out", width)
    affine("decoder.conv_out", image, width, 3, 3)
    return shapes
