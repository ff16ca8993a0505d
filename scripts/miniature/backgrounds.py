"""Procedural backgrounds, one generator a word; uint8 RGB, any size, many variants by seed."""

from typing import Callable, Dict

import numpy as np
from PIL import Image

Rng = np.random.Generator


def _noise(rng: Rng, size: int, cells_y: float, cells_x: float) -> np.ndarray:
    """[size, size] smooth noise in about [0, 1] with the given number of cells a side."""
    grid = rng.random((max(2, int(cells_y)), max(2, int(cells_x)))).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC))


def _octaves(rng: Rng, size: int, cells: float, stretch: float = 1.0, falloff: float = 0.55) -> np.ndarray:
    """Noise summed over octaves, scaled to [0, 1]; ``stretch`` > 1 makes it horizontal, < 1 vertical."""
    total, weight = np.zeros((size, size), np.float32), 1.0
    while cells < size / 2:
        total += weight * _noise(rng, size, cells * stretch, cells)
        cells, weight = cells * 2, weight * falloff
    low, high = total.min(), total.max()
    return (total - low) / (high - low + 1e-6)


def _blend(values: np.ndarray, *colours) -> np.ndarray:
    """[h, w] in [0, 1] -> [h, w, 3] along a ramp of colours, 0..255."""
    ramp = np.asarray(colours, np.float32)
    position = np.clip(values, 0, 1) * (len(ramp) - 1)
    low = np.minimum(position.astype(int), len(ramp) - 2)
    part = (position - low)[..., None]
    return ramp[low] * (1 - part) + ramp[low + 1] * part


def _colour(rng: Rng, base, spread: float) -> np.ndarray:
    return np.clip(np.asarray(base, np.float32) + rng.uniform(-spread, spread, 3), 0, 255)


def _rows(size: int) -> np.ndarray:
    return np.repeat(np.linspace(0, 1, size, dtype=np.float32)[:, None], size, 1)


def grass(rng: Rng, size: int) -> np.ndarray:
    blades = _octaves(rng, size, rng.uniform(8, 24), rng.uniform(0.3, 1.0), 0.8)
    values = 0.6 * blades + 0.4 * _octaves(rng, size, 3)
    picture = _blend(values, _colour(rng, (25, 70, 20), 20), _colour(rng, (85, 150, 50), 30), _colour(rng, (165, 205, 95), 30))
    if rng.random() < 0.3:  # flowers
        for y, x in rng.integers(2, size - 2, (rng.integers(5, 40), 2)):
            picture[y - 1 : y + 1, x - 1 : x + 1] = rng.choice([(255, 255, 255), (250, 220, 60), (230, 90, 120)])
    return picture


def sky(rng: Rng, size: int) -> np.ndarray:
    tops = [(60, 130, 220), (120, 180, 240), (240, 150, 90), (150, 165, 185), (110, 90, 160)]
    picture = _blend(_rows(size), _colour(rng, tops[rng.integers(len(tops))], 25), _colour(rng, (205, 220, 235), 30))
    if rng.random() < 0.75:
        clouds = np.clip((_octaves(rng, size, rng.uniform(2, 5), rng.uniform(1, 2.5)) - rng.uniform(0.4, 0.65)) * 4, 0, 1)
        picture = picture + (_colour(rng, (245, 245, 245), 10) - picture) * clouds[..., None] * rng.uniform(0.5, 1)
    return picture


def water(rng: Rng, size: int) -> np.ndarray:
    waves = _octaves(rng, size, rng.uniform(3, 6), rng.uniform(3, 6), 0.75)
    return _blend(0.7 * waves + 0.3 * _rows(size), _colour(rng, (15, 60, 110), 25), _colour(rng, (45, 125, 170), 30), _colour(rng, (160, 215, 225), 30))


def sand(rng: Rng, size: int) -> np.ndarray:
    values = 0.5 * _octaves(rng, size, rng.uniform(2, 5), rng.uniform(1, 3)) + 0.5 * _octaves(rng, size, 24, 1, 0.9)
    return _blend(values, _colour(rng, (175, 135, 80), 25), _colour(rng, (215, 185, 130), 20), _colour(rng, (245, 225, 180), 12))


def snow(rng: Rng, size: int) -> np.ndarray:
    values = _octaves(rng, size, rng.uniform(2, 5), rng.uniform(1, 2), 0.5)
    return _blend(values, _colour(rng, (180, 195, 220), 20), _colour(rng, (235, 240, 248), 10), (255, 255, 255))


def road(rng: Rng, size: int) -> np.ndarray:
    gray = rng.uniform(60, 130)
    picture = gray + 45 * (_octaves(rng, size, 20, 1, 0.95)[..., None] - 0.5) + np.zeros((1, 1, 3), np.float32)
    if rng.random() < 0.7:  # lane marks, straight across or towards a vanishing point
        colour = rng.choice([(240, 240, 235), (235, 200, 60)])
        width = rng.uniform(0.015, 0.04)
        axis = _rows(size) if rng.random() < 0.5 else _rows(size).T
        other = axis.T
        where = np.abs(axis - rng.uniform(0.2, 0.8)) < width * (0.4 + other)
        if rng.random() < 0.6:
            where &= (other * rng.uniform(4, 8)) % 1 < 0.55
        picture[where] = colour
    return picture


def wall(rng: Rng, size: int) -> np.ndarray:
    paint = _colour(rng, (185, 170, 155), 65)
    kind = rng.random()
    picture = paint + 18 * (_octaves(rng, size, 4, 1, 0.8)[..., None] - 0.5)
    if kind < 0.45:  # bricks
        high = int(rng.integers(7, 17))
        long = high * rng.uniform(1.8, 2.6)
        y, x = np.mgrid[0:size, 0:size]
        row = y // high
        column = ((x + (row % 2) * long / 2) // long).astype(int)
        tone = rng.uniform(-25, 25, (size // high + 2, size // int(high * 1.5) + 4))
        picture = _colour(rng, (165, 85, 60), 45) + tone[row, column % tone.shape[1]][..., None] + (picture - paint)
        joint = (y % high < 2) | ((x + (row % 2) * long / 2) % long < 2)
        picture[joint] = _colour(rng, (200, 195, 185), 25)
    elif kind < 0.65:  # striped paper
        stripes = (np.arange(size) // int(rng.integers(5, 18))) % 2
        picture = picture + (stripes[None, :, None] * rng.uniform(-35, 35, 3))
    elif kind < 0.8:  # tiles
        step = int(rng.integers(12, 30))
        lines = (np.arange(size) % step) < 2
        picture[lines] *= 0.85
        picture[:, lines] *= 0.85
    return picture


def wood(rng: Rng, size: int) -> np.ndarray:
    grain = _octaves(rng, size, rng.uniform(2, 4), rng.uniform(5, 10), 0.8)
    rings = 0.5 + 0.5 * np.sin(grain * rng.uniform(15, 40))
    dark, light = _colour(rng, (105, 65, 35), 25), _colour(rng, (205, 155, 100), 30)
    picture = _blend(0.6 * rings + 0.4 * grain, dark, light)
    plank = int(rng.integers(18, 50))
    picture = picture * (1 + rng.uniform(-0.15, 0.15, size // plank + 1)[np.arange(size) // plank][:, None, None])
    picture[np.arange(size) % plank < 2] *= 0.55
    return picture if rng.random() < 0.6 else picture.transpose(1, 0, 2)


def trees(rng: Rng, size: int) -> np.ndarray:
    leaves = 0.5 * _octaves(rng, size, rng.uniform(5, 10), 1, 0.85) + 0.5 * _octaves(rng, size, 3)
    picture = _blend(leaves, _colour(rng, (12, 35, 15), 12), _colour(rng, (45, 95, 35), 25), _colour(rng, (130, 160, 70), 35))
    for _ in range(rng.integers(0, 6)):  # trunks
        x, width = rng.integers(0, size), int(rng.integers(3, 11))
        picture[rng.integers(0, size // 2) :, x : x + width] = _colour(rng, (75, 50, 30), 20) * rng.uniform(0.7, 1.2)
    return picture


def night(rng: Rng, size: int) -> np.ndarray:
    picture = _blend(_rows(size) * 0.7 + 0.3 * _octaves(rng, size, 3), _colour(rng, (8, 10, 30), 8), _colour(rng, (25, 30, 75), 20), _colour(rng, (60, 50, 100), 25))
    for y, x in rng.integers(0, size - 1, (rng.integers(10, 90), 2)):
        picture[y : y + 1 + rng.integers(0, 2), x] = rng.uniform(150, 255)
    if rng.random() < 0.3:
        y, x = np.mgrid[0:size, 0:size]
        r, cy, cx = rng.uniform(5, 16), *rng.uniform(0.1, 0.9, 2) * size
        picture[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = _colour(rng, (235, 230, 200), 15)
    return picture


GENERATORS: Dict[str, Callable[[Rng, int], np.ndarray]] = {
    "grass": grass, "sky": sky, "water": water, "sand": sand, "snow": snow,
    "road": road, "wall": wall, "wood": wood, "trees": trees, "night": night,
}  # fmt: skip


def texture(word: str, rng: Rng, size: int) -> np.ndarray:
    """uint8 [size, size, 3] background of the word."""
    return np.clip(GENERATORS[word](rng, size), 0, 255).astype(np.uint8)
