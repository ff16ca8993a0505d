"""Full-size weights of Stable Diffusion 2.1 with random values, for measuring: a folder in diffusers layout and an index.

    python scripts/gpu/weights.py --out /tmp/sd21 [--dtype bfloat16]

The values are those of scripts/parity/write_random_sd21.py. ``index.tsv`` tells the bench where every tensor lies: a line holds
module, tensor, file, type, shape, first byte and end, separated by tabs.
"""

import argparse
import json
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# The VAE's file holds its decoder too, which nothing here reads.
FILES = {
    "text_encoder": ("text_encoder/model", ("text_model.",)),
    "vae_encoder": ("vae/diffusion_pytorch_model", ("encoder.", "quant_conv.")),
    "unet": ("unet/diffusion_pytorch_model", ("",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    options = parser.parse_args()
    writer = os.path.join(HERE, "..", "parity", "write_random_sd21.py")
    subprocess.run([sys.executable, writer, "--out", options.out, "--dtype", options.dtype], check=True)
    # It appears when it is whole: who finds it takes the weights for made.
    index_file = os.path.join(options.out, "index.tsv")
    with open(f"{index_file}.part", "w", encoding="utf-8") as index:
        for module, (stem, prefixes) in FILES.items():
            name = f"{stem}.safetensors"
            with open(os.path.join(options.out, name), "rb") as file:
                length = struct.unpack("<Q", file.read(8))[0]
                header = json.loads(file.read(length))
            for tensor, entry in header.items():
                if tensor == "__metadata__" or entry["dtype"] == "I64" or not tensor.startswith(prefixes):
                    continue
                begin, end = (8 + length + offset for offset in entry["data_offsets"])
                shape = ",".join(str(size) for size in entry["shape"])
                index.write("\t".join([module, tensor, name, entry["dtype"], shape, str(begin), str(end)]) + "\n")
    os.replace(f"{index_file}.part", index_file)


if __name__ == "__main__":
    main()
