"""Prompts of a training scene and, for every point of its mask, the words that should attract it."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from .config import BACKGROUNDS, CLASSES, FIRST_BACKGROUND, UNNAMED_BACKGROUND
from .tokenizer import LENGTH, WordTokenizer
from .words import BACKGROUND, SYNONYMS

IGNORED = -1


class Prompt(NamedTuple):
    """``words`` of the prompt; for each category the positions of its words and the mask values it stands for."""

    words: List[str]
    spans: List[Tuple[int, int]]  # first position and count, in words (SOS not counted)
    codes: List[List[int]]  # empty for a name that the picture does not show


ALL_BACKGROUNDS = list(range(FIRST_BACKGROUND, UNNAMED_BACKGROUND + 1))
EMPTY = Prompt([], [], [])


def names_prompt(names: Sequence[str], codes: Sequence[List[int]]) -> Prompt:
    """Category names joined by spaces: the form in which the program asks for masks."""
    words: List[str] = []
    spans: List[Tuple[int, int]] = []
    for name in names:
        parts = name.split()
        spans.append((len(words), len(parts)))
        words += parts
    return Prompt(words, spans, list(codes))


def _called(rng: np.random.Generator, name: str, share: float = 0.12) -> str:
    return str(rng.choice(SYNONYMS[name])) if rng.random() < share else name


def list_prompt(rng: np.random.Generator, present: Sequence[int], absent_share: float) -> Prompt:
    """The picture's names among absent ones, in any order, ``background`` last."""
    absent_names = [i for i in range(len(CLASSES)) if i + 1 not in present]
    count = int(rng.integers(2, 11)) if rng.random() < absent_share else 0
    chosen = [(CLASSES[label - 1], [int(label)]) for label in present]
    chosen += [(CLASSES[i], []) for i in rng.choice(absent_names, count, replace=False)]
    order = rng.permutation(len(chosen))
    names = [_called(rng, chosen[i][0]) for i in order] + [BACKGROUND]
    return names_prompt(names, [chosen[i][1] for i in order] + [ALL_BACKGROUNDS])


def caption(rng: np.random.Generator, present: Sequence[int], grounds: Sequence[int]) -> Prompt:
    """'a photo of a cat and a bus on grass' and its relatives."""
    words: List[str] = []
    spans: List[Tuple[int, int]] = []
    codes: List[List[int]] = []
    if rng.random() < 0.3:
        words += ["a", str(rng.choice(["photo", "photograph", "picture", "drawing"])), "of"]
    for i, label in enumerate(rng.permutation(present)):
        if i:
            words.append("and")
        name = _called(rng, CLASSES[label - 1], 0.3)
        words.append("an" if name[0] in "aeiou" else "a")
        spans.append((len(words), len(name.split())))
        codes.append([int(label)])
        words += name.split()
    named = [ground for ground in grounds if ground != UNNAMED_BACKGROUND]
    for i, ground in enumerate(named if rng.random() < 0.75 else []):
        words.append(("on" if i == 0 else "and") if len(words) else "the")
        spans.append((len(words), 1))
        codes.append([int(ground)])
        words.append(BACKGROUNDS[int(ground) - FIRST_BACKGROUND])
    return Prompt(words, spans, codes)


def draw(rng: np.random.Generator, mask: np.ndarray, absent_share: float, caption_share: float, empty_share: float) -> Prompt:
    """A random prompt for a mask."""
    kind = rng.random()
    if kind < empty_share:
        return EMPTY
    codes = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    present, grounds = codes[(codes > 0) & (codes < FIRST_BACKGROUND)], codes[codes >= FIRST_BACKGROUND]
    if kind < empty_share + caption_share:
        return caption(rng, present, grounds)
    return list_prompt(rng, present, absent_share)


class PromptBatch(NamedTuple):
    ids: Tensor  # int64 [B, K]
    members: Tensor  # float [B, C, K], 1 where a position belongs to a category
    lookup: Tensor  # int64 [B, 256], mask value -> category, C where a point is not supervised


def collate(prompts: Sequence[Prompt], tokenizer: WordTokenizer) -> PromptBatch:
    count = max([1] + [len(p.spans) for p in prompts])
    ids = torch.tensor([tokenizer.prompt(p.words) for p in prompts])
    members = torch.zeros(len(prompts), count, LENGTH)
    lookup = torch.full((len(prompts), 256), count)
    for b, prompt in enumerate(prompts):
        for c, ((first, length), codes) in enumerate(zip(prompt.spans, prompt.codes)):
            members[b, c, 1 + first : 1 + first + length] = 1  # position 0 is SOS
            for code in codes:
                lookup[b, code] = c
    return PromptBatch(ids, members, lookup)
