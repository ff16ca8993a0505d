"""Names and captions of scenes as token ids: the miniature's BPE for the small CLIP, WordPiece for the small BLIP."""

import string
from typing import List, Sequence

import numpy as np
from miniature.config import BACKGROUNDS, CLASSES, FIRST_BACKGROUND, UNNAMED_BACKGROUND
from miniature.tokenizer import WordTokenizer
from miniature.words import SYNONYMS, all_words

# The filter asks with the first; the others keep the text encoder from learning that sentence by heart.
TEMPLATES = ["a photo of a {}", "{}", "a {}", "a picture of a {}", "the {}", "a drawing of a {}"]
PREFIX = "a picture of"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNKNOWN, END = 0, 1, 3


def spellings(label: int) -> List[str]:
    """All names of a class, 0 to 19; its own first."""
    return [CLASSES[label], *SYNONYMS[CLASSES[label]]]


class NameTokenizer:
    """[start, words, end] of known words, padded to the longest."""

    def __init__(self) -> None:
        self.words = WordTokenizer()
        self.size = self.words.size

    def batch(self, texts: Sequence[str]):
        """-> (ids [n][longest], ends [n]: position of the end token)"""
        rows = [[self.words.start, *(self.words.word_ids[w] for w in text.split()), self.words.end] for text in texts]
        longest = max(map(len, rows))
        return [row + [self.words.end] * (longest - len(row)) for row in rows], [len(row) - 1 for row in rows]


class CaptionTokenizer:
    """Words of captions are one piece each; the letters are there for any other word."""

    def __init__(self) -> None:
        letters = string.ascii_lowercase + string.digits
        words = [word for word in all_words() if word not in letters]
        self.pieces = [*SPECIALS, *string.punctuation, *letters, *("##" + letter for letter in letters), *words]
        self.ids = {piece: i for i, piece in enumerate(self.pieces)}
        self.start = len(self.pieces)  # has no spelling, as BLIP's has none

    def encode(self, text: str) -> List[int]:
        return [self.ids[word] for word in text.split()]


def _with_article(name: str) -> str:
    return ("an " if name[0] in "aeiou" else "a ") + name


def caption(rng: np.random.Generator, mask: np.ndarray, least: int) -> str:
    """'a cat and a bus on grass', the largest first, so that one picture has one caption up to synonyms.

    Classes of fewer than ``least`` points and scenes without any are captions of the ground alone.
    """
    counts = np.bincount(mask.ravel(), minlength=256)
    order = np.argsort(-counts, kind="stable")
    present = [int(code) for code in order if 0 < code < FIRST_BACKGROUND and counts[code] >= least]
    grounds = [int(code) for code in order if FIRST_BACKGROUND <= code < UNNAMED_BACKGROUND and counts[code] >= 4 * least]
    names = []
    for code in present:
        own = spellings(code - 1)
        names.append(_with_article(str(rng.choice(own)) if rng.random() < 0.15 else own[0]))
    text = " and ".join(names)
    if grounds:
        ground = BACKGROUNDS[grounds[0] - FIRST_BACKGROUND]
        text = f"{text} on {ground}" if text else ground
    return text or "background"
