"""Train the variational autoencoder whose encoder is shipped.

    python -m miniature.vae --minutes 12          (from scripts/)

The encoder is the architecture of the bundle; the decoder mirrors it and exists for this training only. Training takes
64-pixel crops, since both are convolutional but for the middle attention. Resumes from vae.pt in the cache folder.
"""

import argparse
import glob
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from architectures.configs import VaeEncoderConfig, miniature
from architectures.vae_encoder import MidBlock, ResnetBlock, VaeEncoder

from .config import cache

CROP = 64
KL_WEIGHT = 1e-3  # on the mean over latent values; small, as for every latent diffusion autoencoder


class Decoder(nn.Module):
    """latent [B, latent channels, h, w] -> image [B, 3, h * 2^(levels-1), w * 2^(levels-1)] in about [-1, 1]."""

    def __init__(self, config: VaeEncoderConfig):
        super().__init__()
        channels, groups, eps = list(reversed(config.channels)), config.norm_groups, config.norm_eps
        self.conv_in = nn.Conv2d(config.latent_channels, channels[0], 3, padding=1)
        self.mid_block = MidBlock(channels[0], groups, eps)
        blocks = []
        for i, width in enumerate(channels):
            blocks.append(ResnetBlock(channels[max(i - 1, 0)], width, groups, eps))
            if i != len(channels) - 1:
                blocks += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1)]
        self.blocks = nn.Sequential(*blocks)
        self.norm_out = nn.GroupNorm(groups, channels[-1], eps=eps)
        self.conv_out = nn.Conv2d(channels[-1], config.image_channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        return self.conv_out(F.silu(self.norm_out(self.blocks(self.mid_block(self.conv_in(latent))))))


def load_pictures(most: int) -> np.ndarray:
    """uint8 [n, 128, 128, 3] of the shards that exist."""
    files = sorted(glob.glob(cache("scenes", "pictures-*.npy")))
    ready = [f for f in files if os.path.exists(f.replace("pictures", "masks"))]
    return np.concatenate([np.load(f) for f in ready[:most]])


def crops(pictures: np.ndarray, count: int, rng: np.random.Generator) -> Tensor:
    """[count, 3, CROP, CROP] in [-1, 1]: half at full size, half of the whole picture made smaller."""
    out = np.empty((count, CROP, CROP, 3), np.uint8)
    for i, index in enumerate(rng.integers(0, len(pictures), count)):
        picture = pictures[index]
        if rng.random() < 0.25:
            whole = picture.reshape(CROP, 2, CROP, 2, 3).astype(np.float32).mean((1, 3))
            out[i] = whole
        else:
            y, x = rng.integers(0, picture.shape[0] - CROP + 1, 2)
            out[i] = picture[y : y + CROP, x : x + CROP]
    return torch.from_numpy(out).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def loss_of(encoder: VaeEncoder, decoder: Decoder, images: Tensor, generator: torch.Generator):
    moments = encoder(images).float()
    mean, logvar = moments.chunk(2, 1)
    logvar = logvar.clamp(-30, 20)
    noise = torch.randn(mean.shape, generator=generator)
    result = decoder(mean + noise * (0.5 * logvar).exp()).float()
    mse = F.mse_loss(result, images)
    kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
    return mse + 0.2 * F.l1_loss(result, images) + KL_WEIGHT * kl, mse, kl


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--steps", type=int, default=0, help="stop after this many steps instead (0: by the clock)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    config = miniature(1).vae_encoder
    encoder = VaeEncoder(config)
    decoder = Decoder(config)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.99), weight_decay=0.01)
    step, spent, checkpoint = 0, 0.0, cache("vae.pt")
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint, weights_only=True)
        encoder.load_state_dict(state["encoder"])
        decoder.load_state_dict(state["decoder"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    pictures = load_pictures(6)
    rng, generator = np.random.default_rng(options.seed + step), torch.Generator().manual_seed(options.seed + step)
    means: dict = {}
    started = time.time()

    def progress() -> float:
        return step / options.steps if options.steps else (spent + time.time() - started) / (60 * options.minutes)

    def save() -> None:
        state = {"encoder": encoder.state_dict(), "decoder": decoder.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "step": step, "spent": spent + time.time() - started}, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)

    while progress() < 1:
        # Linear warm-up, then a cosine to a twentieth.
        share = min(1.0, progress())
        rate = options.rate * min(1.0, (step + 1) / 100) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        images = crops(pictures, options.batch, rng)
        with torch.autocast("cpu", torch.bfloat16):
            loss, mse, kl = loss_of(encoder, decoder, images, generator)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        for name, value in (("loss", loss), ("mse", mse), ("kl", kl)):
            means[name] = 0.98 * means.get(name, value.item()) + 0.02 * value.item()
        if step % 100 == 0:
            values = " ".join(f"{k} {v:.4f}" for k, v in means.items())
            print(f"vae: step {step} {values} rate {rate:.5f} {spent + time.time() - started:.0f} s", flush=True)
        if step % 300 == 0:
            save()
    save()


if __name__ == "__main__":
    main()
