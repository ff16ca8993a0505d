"""CLIP's BPE vocabulary as ``vocab.json`` and ``merges.txt``."""

import gzip
import importlib.util
import os
from typing import Dict, List, Optional, Tuple

# The published tokenizer: 256 bytes, the same at the end of a word, 48,894 merges, start and end of text.
VOCABULARY = 49408
MERGES = VOCABULARY - 2 * 256 - 2
FILE = "bpe_simple_vocab_16e6.txt.gz"  # as the pip package open-clip-torch carries it
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURE = os.path.join(ROOT, "test", "fixtures", "clip-tokenizer", "merges.txt.gz")  # of this project's tests


def byte_symbols() -> List[str]:
    """The printable stand-in of each byte, in the vocabulary's order: printable bytes first, then the others."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def find_file(path: Optional[str]) -> Optional[str]:
    """The merges file: the one that was named, this project's, the one of an installed open-clip-torch, or None."""
    if path:
        return path
    if os.path.exists(FIXTURE):
        return FIXTURE
    spec = importlib.util.find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        return None
    candidate = os.path.join(list(spec.submodule_search_locations)[0], FILE)
    return candidate if os.path.exists(candidate) else None


def clip_vocabulary(path: Optional[str]) -> Tuple[Dict[str, int], List[str]]:
    """(token -> id, merges "a b"). Without a merges file the ids in between are placeholders and nothing merges."""
    symbols = byte_symbols()
    tokens = symbols + [symbol + "</w>" for symbol in symbols]
    merges: List[str] = []
    file = find_file(path)
    if file:
        with gzip.open(file, "rt", encoding="utf-8") as text:
            merges = text.read().split("\n")[1 : MERGES + 1]  # the first line is a header
        tokens += ["".join(merge.split()) for merge in merges]
    else:
        tokens += [f"<|placeholder{i}|>" for i in range(MERGES)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    if len(vocabulary) != VOCABULARY:
        raise ValueError(f"{len(vocabulary)} tokens, {VOCABULARY} expected")
    return vocabulary, merges
