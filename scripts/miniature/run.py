"""Train the miniature from nothing to a bundle with one command, resumable at every stage.

    python scripts/miniature/run.py              drawings, scenes, autoencoder, latents, diffusion model, bundle, figures
    python scripts/miniature/run.py --plain      the plain model as well: the same scenes, the diffusion loss alone
    python scripts/miniature/run.py --smoke      the same with a few scenes and one step a stage, in a minute, elsewhere

Needs Python with torch and numpy, and Node 20 with npm for the drawings; pillow and safetensors are installed into the
cache where they are missing. The held-out photographs come from a Debian package: elsewhere they are left out.
"""

import argparse
import glob
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from typing import Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
CACHE = os.path.join(os.path.dirname(SCRIPTS), ".cache", "miniature")
PACKAGES = {"PIL": "pillow", "safetensors": "safetensors"}
PHOTOGRAPHS = "tuxpaint-stamps-default"
SMOKE_SETS = ["fluent-emoji-flat", "openmoji"]


def sh(*command: str, cwd: str = SCRIPTS, cache: str = CACHE) -> None:
    print("+", " ".join(command), flush=True)
    # Waiting threads must not spin: the machine may be shared.
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    path = os.pathsep.join([SCRIPTS, packages_folder()])
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, **quiet, "MINIATURE_CACHE": cache, "PYTHONPATH": path})


def python(module: str, *options: str, cache: str) -> None:
    sh(sys.executable, "-m", f"miniature.{module}", *options, cache=cache)


def packages_folder() -> str:
    return os.path.join(CACHE, "python")


def packages() -> None:
    """Install what this Python lacks beside torch and numpy."""
    sys.path.append(packages_folder())
    missing = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        sh(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", packages_folder(), *missing)


def data_packages(folder: str, sets: Sequence[str]) -> str:
    """Install the drawing sets and backgrounds, once; only ``sets`` of the drawings where any are given."""
    modules = os.path.join(folder, "node_modules")
    if os.path.isdir(modules):
        return modules
    os.makedirs(folder, exist_ok=True)
    if not sets:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), folder)
        sh("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
        return modules
    with open(os.path.join(HERE, "package.json"), encoding="utf-8") as file:
        package = json.load(file)
    wanted = {*(f"@iconify-json/{name}" for name in sets), "@pmndrs/assets", "parse-exr", "sharp"}
    package["dependencies"] = {name: version for name, version in package["dependencies"].items() if name in wanted}
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
        json.dump(package, file)
    sh("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)
    return modules


def drawings(cache: str, sets: Sequence[str] = ()) -> None:
    modules = data_packages(os.path.join(cache, "npm"), sets)
    sprites, backgrounds = os.path.join(cache, "sprites"), os.path.join(cache, "backgrounds")
    if not os.path.exists(os.path.join(sprites, "sprites.json")):
        sh("node", os.path.join(HERE, "sprites", "render.mjs"), modules, sprites, *([",".join(sets)] if sets else []))
    if not glob.glob(os.path.join(backgrounds, "*.png")):
        sh("node", os.path.join(HERE, "sprites", "backgrounds.mjs"), modules, backgrounds)
    if not sets and not os.path.exists(os.path.join(sprites, "photographs.json")):
        photographs(modules, sprites)


def photographs(modules: str, sprites: str) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        print(f"no apt-get here: the photographs of {PHOTOGRAPHS} are left out of the figures", flush=True)
        return
    folder = os.path.join(CACHE, "debian")
    os.makedirs(folder, exist_ok=True)
    if not glob.glob(os.path.join(folder, "*.deb")):
        sh("apt-get", "download", PHOTOGRAPHS, cwd=folder)
    sh("dpkg-deb", "-x", glob.glob(os.path.join(folder, "*.deb"))[0], os.path.join(folder, "unpacked"))
    stamps = os.path.join(folder, "unpacked", "usr", "share", "tuxpaint", "stamps")
    sh("node", os.path.join(HERE, "sprites", "photographs.mjs"), modules, stamps, sprites)


def full(minutes: float, seed: int, plain: bool) -> None:
    drawings(CACHE)
    python("scenes", "--shards", "36", "--seed", str(seed), cache=CACHE)
    python("vae", "--minutes", "11", "--batch", "16", "--seed", str(seed), cache=CACHE)
    python("latents", cache=CACHE)
    for recipe in ["shipped", "plain"] if plain else ["shipped"]:
        python("train", "--recipe", recipe, "--minutes", str(minutes), "--seed", str(seed), cache=CACHE)
        python("bundle", "--recipe", recipe, cache=CACHE)
        python("card", "--recipe", recipe, "--json", os.path.join(CACHE, f"card-{recipe}.json"), cache=CACHE)


def smoke(cache: str) -> None:
    shutil.rmtree(cache, ignore_errors=True)
    out = os.path.join(cache, "bundle")
    drawings(cache, SMOKE_SETS)
    python("scenes", "--shards", "1", "--count", "48", "--processes", "1", cache=cache)
    python("vae", "--steps", "1", "--batch", "4", cache=cache)
    python("latents", cache=cache)
    for recipe in ("shipped", "plain"):
        python("train", "--recipe", recipe, "--steps", "1", cache=cache)
    python("bundle", "--out", out, cache=cache)
    python("check", out, cache=cache)
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
        print("smoke: ok,", json.load(file)["name"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--smoke-folder", default=CACHE + "-smoke", help="emptied first")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--minutes", type=float, default=120, help="of each diffusion model's training")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    packages()
    smoke(options.smoke_folder) if options.smoke else full(options.minutes, options.seed, options.plain)
