"""One caption a held-out picture, such as people write: other words for a class, small things left out now and then."""

import json
import os
from typing import List

import numpy as np

from .config import CLASSES, REPOSITORY

VOCABULARY = os.path.join(REPOSITORY, "models", "vocabularies", "voc.json")
# Synonyms of the vocabulary that nobody would write of a drawing.
UNUSUAL = {"they", "he", "she", "him", "her", "parent", "couple", "player", "speaker", "wheel", "drink", "shuttle", "jetliner"}
SMALL = 0.03  # share of the picture below which a thing is left out half of the time
OWN_NAME = 0.6
PLACES = ["{}", "a drawing of {}", "{} outdoors", "there is {}", "{} in front of a plain background"]


def vocabulary() -> dict:
    """The data set's classes with the words that captions may use for them, in the form of ``classes.json``."""
    with open(VOCABULARY, encoding="utf-8") as file:
        voc = json.load(file)
    classes = [{"name": own, "synonyms": entry["synonyms"]} for own, entry in zip(CLASSES, voc["classes"])]
    assert all(own == entry["prompt"] for own, entry in zip(CLASSES, voc["classes"]))
    return {"name": "miniature", "classes": classes, "ignoredPhrases": voc["ignoredPhrases"]}


def caption(rng: np.random.Generator, mask: np.ndarray) -> str:
    """``mask`` uint8 [S, S], 0 background, k the k-th class; the largest thing first and always there."""
    shares = np.bincount(mask.ravel(), minlength=256)[: len(CLASSES) + 1] / mask.size
    order = [int(code) for code in np.argsort(-shares, kind="stable") if code > 0 and shares[code] > 0]
    told = [code for place, code in enumerate(order) if place == 0 or shares[code] >= SMALL or rng.random() < 0.5]
    phrase = joined([with_article(word(rng, code)) for code in told])
    return str(rng.choice(PLACES)).format(phrase).capitalize() + "."


def word(rng: np.random.Generator, code: int) -> str:
    entry = vocabulary()["classes"][code - 1]
    others = [synonym for synonym in entry["synonyms"] if synonym not in UNUSUAL]
    return entry["name"] if not others or rng.random() < OWN_NAME else str(rng.choice(others))


def with_article(name: str) -> str:
    return ("an " if name[0] in "aeiou" else "a ") + name


def joined(parts: List[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
