"""Train and write the tokenizer in CLIP's BPE format: every known word is one token, any other text falls back to bytes.

    python -m miniature.tokenizer --out ../models/miniature/tokenizer          (from scripts/)

Order of ids as in CLIP: 256 bytes, 256 bytes ending a word, the merges, <|startoftext|>, <|endoftext|>. Id 0 is '!',
which pads, as in Stable Diffusion 2.
"""

import argparse
import json
import os
from collections import Counter
from typing import Dict, List, Sequence, Tuple

from .words import all_words

END = "</w>"
START_TEXT, END_TEXT = "<|startoftext|>", "<|endoftext|>"
PAD_ID = 0
LENGTH = 32


def byte_symbols() -> List[str]:
    """A printable character for every byte: itself where it prints, else one from U+0100 on, printable ones first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def train_merges(words: Sequence[str]) -> List[Tuple[str, str]]:
    """Byte-pair merges, most frequent pair first, until every word is one symbol."""
    split = [[*word[:-1], word[-1] + END] for word in words]
    merges: List[Tuple[str, str]] = []
    while any(len(symbols) > 1 for symbols in split):
        pairs = Counter(pair for symbols in split for pair in zip(symbols, symbols[1:]))
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        split = [apply_merge(symbols, best) for symbols in split]
    return merges


def apply_merge(symbols: List[str], pair: Tuple[str, str]) -> List[str]:
    out: List[str] = []
    for symbol in symbols:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return out


def vocabulary(merges: Sequence[Tuple[str, str]]) -> Dict[str, int]:
    symbols = byte_symbols()
    entries = [*symbols, *(s + END for s in symbols), *("".join(m) for m in merges), START_TEXT, END_TEXT]
    return {entry: i for i, entry in enumerate(entries)}


def write(folder: str) -> Dict[str, int]:
    """Write the four files of a CLIP tokenizer; -> the vocabulary."""
    os.makedirs(folder, exist_ok=True)
    merges = train_merges(all_words())
    vocab = vocabulary(merges)
    config = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH, "do_lower_case": True, "add_prefix_space": False,
        "bos_token": START_TEXT, "eos_token": END_TEXT, "unk_token": END_TEXT, "pad_token": "!", "errors": "replace",
    }  # fmt: skip
    special = {key: config[key] for key in ("bos_token", "eos_token", "unk_token", "pad_token")}
    for name, content in (("vocab.json", vocab), ("tokenizer_config.json", config), ("special_tokens_map.json", special)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=None if name == "vocab.json" else 2)
            file.write("\n")
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    return vocab


class WordTokenizer:
    """Ids of prompts made of known words only: what training needs, without the general algorithm."""

    def __init__(self) -> None:
        vocab = vocabulary(train_merges(all_words()))
        self.size = len(vocab)
        self.start, self.end = vocab[START_TEXT], vocab[END_TEXT]
        self.word_ids = {word: vocab[word + END] for word in all_words()}

    def prompt(self, words: Sequence[str]) -> List[int]:
        """[LENGTH] ids: start, words, end, padding. Words beyond the length are an error."""
        ids = [self.start, *(self.word_ids[word] for word in words), self.end]
        if len(ids) > LENGTH:
            raise ValueError(f"a prompt of {len(words)} words does not fit {LENGTH} positions")
        return ids + [PAD_ID] * (LENGTH - len(ids))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    print(f"tokenizer: {len(write(parser.parse_args().out))} entries")
