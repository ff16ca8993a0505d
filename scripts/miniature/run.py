"""Train the miniature from nothing to a bundle with one command, resumable at every stage.

    python scripts/miniature/run.py              drawings, scenes, autoencoder, latents, diffusion model, bundle, figures
    python scripts/miniature/run.py --smoke      the same with a few scenes and one step a stage, in a minute, elsewhere

Needs Python with torch, numpy, pillow and safetensors, and Node 20 with npm for the drawings.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
CACHE = os.path.join(os.path.dirname(SCRIPTS), ".cache", "miniature")


def sh(*command: str, cwd: str = SCRIPTS, cache: str = CACHE) -> None:
    print("+", " ".join(command), flush=True)
    # Waiting threads must not spin: the machine may be shared.
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, **quiet, "MINIATURE_CACHE": cache, "PYTHONPATH": SCRIPTS})


def python(module: str, *options: str, cache: str) -> None:
    sh(sys.executable, "-m", f"miniature.{module}", *options, cache=cache)


def drawings(cache: str, sets: str = "") -> None:
    """Install the drawing sets once (shared by smoke and full runs) and render them."""
    npm = os.path.join(CACHE, "npm")
    if not os.path.isdir(os.path.join(npm, "node_modules")):
        os.makedirs(npm, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), npm)
        sh("npm", "ci", "--no-audit", "--no-fund", cwd=npm)
    if not os.path.exists(os.path.join(cache, "sprites", "sprites.json")):
        sh("node", os.path.join(HERE, "sprites", "render.mjs"), os.path.join(npm, "node_modules"), os.path.join(cache, "sprites"), *([sets] if sets else []))


def full(minutes: float, seed: int) -> None:
    drawings(CACHE)
    python("scenes", "--shards", "24", "--seed", str(seed), cache=CACHE)
    python("vae", "--minutes", "11", "--batch", "16", "--seed", str(seed), cache=CACHE)
    python("latents", cache=CACHE)
    python("train", "--minutes", str(minutes), "--seed", str(seed), cache=CACHE)
    python("bundle", cache=CACHE)
    for sets in ("openmoji", "emojione-v1"):
        python("evaluate", "--sets", sets, "--count", "300", "--json", os.path.join(CACHE, f"figures-{sets}.json"), cache=CACHE)


def smoke() -> None:
    cache = CACHE + "-smoke"
    shutil.rmtree(cache, ignore_errors=True)
    out = os.path.join(cache, "bundle")
    drawings(cache, "fluent-emoji-flat,openmoji")
    python("scenes", "--shards", "1", "--count", "48", "--processes", "1", cache=cache)
    python("vae", "--steps", "1", "--batch", "4", cache=cache)
    python("latents", cache=cache)
    python("train", "--steps", "1", cache=cache)
    python("bundle", "--out", out, cache=cache)
    python("check", out, cache=cache)
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
        print("smoke: ok,", json.load(file)["name"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--minutes", type=float, default=70, help="of the diffusion model's training")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    smoke() if options.smoke else full(options.minutes, options.seed)
