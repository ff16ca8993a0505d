"""Small configurations of CLIP and BLIP through transformers: what test/vision-language compares with.

    cd scripts && python -m parity.vision_language_goldens        (needs torch, transformers, pillow, tokenizers)

Writes test/vision-language/golden/: golden.json (numbers and tokens), vocab.txt (a WordPiece vocabulary made of
the strings of the CLIP tokenizer's test) and wordpiece.json.gz (ids and decoded texts of those strings).
"""

import gzip
import hashlib
import json
import os
from collections import Counter
from typing import List

import numpy as np
import torch
from architectures.clip_blip_export import BLIP_TINY, CLIP_TINY, blip_modules, clip_modules
from PIL import Image
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertTokenizer, CLIPTokenizer
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from fixtures.clip_tokenizer import bytes_to_unicode
from parity.vision_language_models import fill, make_blip, make_clip, shapes
from parity.vision_language_weights import all_weights, picture

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..", "test")
OUT = os.path.join(TESTS, "vision-language", "golden")
MERGES = CLIP_TINY.vocabulary - 512 - 2  # the first of CLIP's own
BOS, EOS = CLIP_TINY.vocabulary - 2, CLIP_TINY.vocabulary - 1
START, END = 1198, 3
HEAD = "text_decoder.cls.predictions.decoder.weight"

# seed, width, height: shrunk, enlarged, long, thin, already of the right size
SIZES = [(1, 61, 47), (2, 20, 24), (3, 300, 41), (4, 9, 333), (5, 28, 28), (6, 640, 480), (7, 384, 384), (8, 1, 1)]
TEXTS = ["A photo of a cat", "A photo of a dog", "train", "a person on a bicycle", "tv monitor, potted plant!", "é 猫 xyz"]
WORDS = ["cat", "dining table", "zebra crossing", "x"]
PREFIXES = ["", "a picture of", "A photo of a dog and"]
BEAMS = [(3, 30), (1, 12), (5, 20)]


def numbers(tensor: torch.Tensor) -> list:
    """Nested lists with seven digits: as many as float32 has."""
    return json.loads(json.dumps(tensor.detach().double().tolist()), parse_float=lambda text: float(f"{float(text):.7g}"))


def processors(clip_size: int, blip_size: int):
    clip = CLIPImageProcessorPil(
        size={"shortest_edge": clip_size}, crop_size={"height": clip_size, "width": clip_size}
    )
    return clip, BlipImageProcessorPil(size={"height": blip_size, "width": blip_size})


def digests() -> List[dict]:
    """SHA-256 of the resized bytes [3, size, size] of every picture at the published sizes."""
    clip, blip = processors(224, 384)
    raw = {"do_rescale": False, "do_normalize": False, "return_tensors": "np"}
    rows = []
    for seed, width, height in SIZES:
        image = Image.fromarray(picture(seed, width, height))
        row = {"seed": seed, "width": width, "height": height}
        for name, processor in (("clip", clip), ("blip", blip)):
            values = np.asarray(processor(image, **raw)["pixel_values"][0])
            assert np.array_equal(values, values.astype(np.uint8))
            row[name] = hashlib.sha256(values.astype(np.uint8).tobytes()).hexdigest()
        rows.append(row)
    return rows


def clip_golden() -> dict:
    model = fill(make_clip(CLIP_TINY, BOS, EOS), all_weights(shapes(clip_modules(CLIP_TINY))))
    processor, _ = processors(CLIP_TINY.image_size, BLIP_TINY.vision.image_size)
    pixels = torch.cat(
        [processor(Image.fromarray(picture(*size)), return_tensors="pt")["pixel_values"] for size in SIZES[:4]]
    )
    with gzip.open(os.path.join(TESTS, "fixtures", "clip-tokenizer", "merges.txt.gz"), "rt", encoding="utf-8") as file:
        merges = [tuple(line.split()) for line in file.read().splitlines()[1 : 1 + MERGES]]
    letters = bytes_to_unicode()
    pieces = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    vocab = {piece: i for i, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, pad_token="<|endoftext|>")
    unit = lambda x: x / x.norm(dim=-1, keepdim=True)  # noqa: E731
    images = model.get_image_features(pixels)
    ids = tokenizer(TEXTS, padding=True, return_tensors="pt")
    texts = model.get_text_features(**ids)
    states = [model.text_model(tokenizer(word, return_tensors="pt")["input_ids"]).last_hidden_state for word in WORDS]
    return {
        "imageStates": numbers(images.last_hidden_state[0]),
        "imageEmbeddings": numbers(unit(images.pooler_output)),
        "texts": TEXTS,
        "ids": ids["input_ids"].tolist(),
        "textStates": numbers(texts.last_hidden_state[0, : ids["attention_mask"][0].sum()]),  # padding is masked there
        "textEmbeddings": numbers(unit(texts.pooler_output)),
        "words": WORDS,
        "wordStates": numbers(torch.stack([s[0, 1:-1].mean(0) for s in states])),
    }


def blip_golden(tokenizer: BertTokenizer, tied: bool) -> dict:
    all_shapes = shapes(blip_modules(BLIP_TINY))
    if tied:
        del all_shapes[HEAD]
    tensors = all_weights(all_shapes, END)
    tensors["text_decoder.cls.predictions.decoder.bias"] = tensors["text_decoder.cls.predictions.bias"]
    model = fill(make_blip(BLIP_TINY, START, END, tied), tensors)
    head, table = model.text_decoder.cls.predictions.decoder.weight, model.get_input_embeddings().weight
    assert (head is table) == tied
    _, processor = processors(CLIP_TINY.image_size, BLIP_TINY.vision.image_size)
    captions = []
    for size in SIZES[:4]:
        pixels = processor(Image.fromarray(picture(*size)), return_tensors="pt")["pixel_values"]
        for prefix in PREFIXES:
            prompt = tokenizer(prefix, return_tensors="pt")["input_ids"]
            for beams, length in BEAMS:
                found = model.generate(
                    pixels, prompt.clone(), num_beams=beams, max_length=length, return_dict_in_generate=True, output_scores=True
                )
                tokens = found.sequences[0]
                caption = {"seed": size[0], "prefix": prefix, "beams": beams, "maxLength": length, "tokens": tokens.tolist()}
                if beams > 1:  # greedy search reports no score
                    caption["score"] = float(f"{found.sequences_scores[0].item():.7g}")
                caption["text"] = tokenizer.decode(tokens, skip_special_tokens=True)
                captions.append(caption)
    golden = {"captions": captions}
    if tied:
        pixels = processor(Image.fromarray(picture(*SIZES[0])), return_tensors="pt")["pixel_values"]
        golden["states"] = numbers(model.vision_model(pixels).last_hidden_state[0])
    return golden


def make_pieces(strings: List[str], count: int) -> List[str]:
    """A WordPiece vocabulary: specials, frequent letters alone and inside words, frequent words and endings of words.

    A trainer would be shorter, but breaks ties another way every time.
    """
    normalizer, splitter = BertNormalizer(), BertPreTokenizer()
    words = Counter(word for text in strings for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    letters = Counter(letter for word, n in words.items() for letter in word * n)
    endings = Counter(f"##{word[-k:]}" for word, n in words.items() for k in (2, 3, 4) if len(word) > k for _ in range(n))

    def best(counter: Counter, most: int) -> List[str]:
        return [piece for piece, _ in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:most]]

    common = best(letters, 300)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *common, *(f"##{letter}" for letter in common)]
    pieces += best(endings, 150) + best(words, count)
    return list(dict.fromkeys(pieces))[:count]


def write_vocabulary() -> BertTokenizer:
    """Make a vocabulary from the strings of the CLIP tokenizer's test; write it, their ids and decoded texts."""
    with gzip.open(os.path.join(TESTS, "fixtures", "clip-tokenizer", "ids.json.gz"), "rt", encoding="utf-8") as file:
        strings = [text for text, _ in json.load(file)]
    pieces = make_pieces(strings[::2], START - 8)  # half of the strings: the other half has unknown letters
    assert pieces[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(pieces) + "\n")
    tokenizer = BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)})
    rows = []
    for text in strings:
        ids = tokenizer.encode(text, add_special_tokens=False)
        rows.append([text, ids, tokenizer.decode(ids, skip_special_tokens=True)])
    data = json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode()
    with open(os.path.join(OUT, "wordpiece.json.gz"), "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as stream:
        stream.write(data)
    return tokenizer


def main() -> None:
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)  # threads of so small operators only wait for each other
    tokenizer = write_vocabulary()
    golden = {
        "shapes": {"clip": shapes(clip_modules(CLIP_TINY)), "blip": shapes(blip_modules(BLIP_TINY))},
        "pictures": digests(),
        "clip": clip_golden(),
        "tied": blip_golden(tokenizer, True),
        "untied": blip_golden(tokenizer, False),
    }
    with open(os.path.join(OUT, "golden.json"), "w", encoding="utf-8") as file:
        json.dump(golden, file, separators=(",", ":"), ensure_ascii=False)
        file.write("\n")
    for kind in ("tied", "untied"):
        lengths = [len(caption["tokens"]) for caption in golden[kind]["captions"]]
        print(kind, "lengths of the captions", lengths)


if __name__ == "__main__":
    main()
