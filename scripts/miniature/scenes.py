"""Write training scenes ahead of time, in processes of their own, so that training never waits for compositing.

    python -m miniature.scenes --shards 30 --processes 1          (from scripts/)

Each shard holds SHARD scenes: pictures-NNN.npy uint8 [n, 128, 128, 3] and masks-NNN.npy uint8 [n, 64, 64].
"""

import argparse
import multiprocessing
import os

import numpy as np

from .compose import Composer, load_photographs
from .config import PICTURE, cache
from .sprites_pack import load_sprites

SHARD = 2000
PHOTOGRAPH_SHARE = 0.3  # of the scenes


def write_shard(job) -> int:
    number, seed, count = job
    target = cache("scenes", f"masks-{number:03d}.npy")
    if os.path.exists(target):
        return number
    os.nice(5)
    sprites = [s for s in load_sprites() if s.role == "train"]
    composer = Composer(sprites, seed * 100_003 + number, photographs=load_photographs("train"), photograph_share=PHOTOGRAPH_SHARE)
    pictures = np.empty((count, PICTURE, PICTURE, 3), np.uint8)
    masks = np.empty((count, PICTURE // 2, PICTURE // 2), np.uint8)
    for i in range(count):
        picture, mask, _ = composer.scene()
        pictures[i], masks[i] = picture, mask[::2, ::2]
    np.save(cache("scenes", f"pictures-{number:03d}.npy"), pictures)
    # The mask is written last and renamed: its presence means that the shard is whole.
    np.save(target + ".part.npy", masks)
    os.replace(target + ".part.npy", target)
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=30)
    parser.add_argument("--count", type=int, default=SHARD)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    jobs = [(number, options.seed, options.count) for number in range(options.shards)]
    with multiprocessing.get_context("spawn").Pool(options.processes, maxtasksperchild=4) as pool:
        for number in pool.imap(write_shard, jobs):
            print(f"scenes: shard {number} ready", flush=True)


if __name__ == "__main__":
    main()
