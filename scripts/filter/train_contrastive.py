"""Train the small CLIP on the miniature's scenes, resumable.

    python -m filter.train_contrastive --minutes 12          (from scripts/, after filter.features)

The filter keeps a name when its cosine with the picture reaches 0.97 of the best name's, and takes two words for the same
when their states' cosine is above 0.8. The losses ask for just that: a fixed cosine for the names that a picture shows and
a lower one for all others, of words likewise. A linear head on the patches, which learns from the masks and is thrown away,
helps a transformer this small.
"""

from typing import Dict

import numpy as np
import torch
import torch.nn.functional as F
from architectures.clip import TextEncoder
from miniature.config import BACKGROUNDS, CLASSES
from torch import Tensor, nn

from .config import clip_config, clip_parts
from .data import GROUND, Batch, Scenes
from .texts import TEMPLATES, NameTokenizer, spellings
from .training import arguments, train

# Cosines of names with pictures. The rule keeps what reaches 0.97 of the best name's cosine, which for a name of chance p is
# ABSENT + p (SHOWN - ABSENT): beside a best one of 1, 0.8 or 0.5 that is a chance of 0.66, 0.46 or 0.17.
SHOWN, ABSENT = 0.8, 0.73
SAME, OTHER = 0.95, 0.55  # cosines of words' states


class Contrastive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = clip_parts(whole=False).values()
        self.patches = nn.Linear(clip_config().image.width, GROUND + 1)


def initialise(network: nn.Module) -> None:
    """Small tables and a small class token: PyTorch's own are meant for other sums."""
    for name, parameter in network.named_parameters():
        if "embedding" in name and "patch" not in name:
            nn.init.normal_(parameter, std=0.02)


class Words:
    """Every word that can be asked for or be in a caption, with its class; grounds are classes of their own."""

    def __init__(self, tokenizer: NameTokenizer) -> None:
        groups = [*(spellings(label) for label in range(len(CLASSES))), *([word] for word in BACKGROUNDS)]
        groups += [[word] for word in ("background", "photo", "picture", "drawing")]
        self.texts = [word for group in groups for word in group]
        ids, ends = tokenizer.batch(self.texts)
        self.ids, self.ends = torch.tensor(ids), torch.tensor(ends)
        labels = torch.tensor([k for k, group in enumerate(groups) for _ in group])
        self.same = labels[:, None] == labels[None, :]
        positions = torch.arange(self.ids.shape[1])
        inside = ((positions >= 1) & (positions < self.ends[:, None])).float()
        self.inside = inside / inside.sum(1, keepdim=True)

    def loss(self, text: TextEncoder) -> Tensor:
        states, _ = text(self.ids, self.ends)
        means = (self.inside[..., None] * states.float()).sum(1)  # [words, width]
        return pulled(cosines_between(means, means), self.same, SAME, OTHER)


def cosines_between(a: Tensor, b: Tensor) -> Tensor:
    """[n, w], [m, w] -> [n, m] float32: in bfloat16 they would be a tenth of the gap off."""
    with torch.autocast("cpu", enabled=False):
        return F.normalize(a.float(), dim=-1) @ F.normalize(b.float(), dim=-1).T


def pulled(cosines: Tensor, wanted: Tensor, high: float, low: float) -> Tensor:
    """Mean square of what the wanted cosines miss ``high`` by and the others exceed ``low`` by."""
    return F.relu(high - cosines)[wanted].square().mean() + F.relu(cosines - low)[~wanted].square().mean()


def named(cosines: Tensor, shown: Tensor) -> Tensor:
    """Mean square of how far the names' cosines are from SHOWN and above ABSENT, in units of the gap between them.

    Over all names together, as rare as shown ones are: the cosine then tells the chance.
    With equal shares for both kinds the rule would keep whatever might be there.
    """
    misses = torch.where(shown, cosines - SHOWN, F.relu(cosines - ABSENT))
    return misses.square().mean() / (SHOWN - ABSENT) ** 2


def names_of(rng: np.random.Generator) -> list:
    """A text for each class: the sentence that the filter uses half of the time, any name and template else."""
    if rng.random() < 0.5:
        return [TEMPLATES[0].format(CLASSES[label]) for label in range(len(CLASSES))]
    return [str(rng.choice(TEMPLATES)).format(rng.choice(spellings(label))) for label in range(len(CLASSES))]


def cosines_of(network: Contrastive, features: Tensor, ids: Tensor, ends: Tensor):
    states, images = network.image(features)
    _, texts = network.text(ids, ends)
    return states, cosines_between(images, texts)


def validate(network: nn.Module) -> str:
    """Precision and recall of the image rule on the validation scenes."""
    batch = Scenes().validation(600)
    ids, ends = NameTokenizer().batch([TEMPLATES[0].format(name) for name in CLASSES])
    cosines = cosines_of(network, batch.features, torch.tensor(ids), torch.tensor(ends))[1]
    kept = cosines >= 0.97 * cosines.max(1, keepdim=True).values
    right = (kept & (batch.present > 0)).sum()
    return f"image rule: precision {right / kept.sum():.3f}, recall {right / batch.present.sum():.3f}"


def main() -> None:
    options = arguments(__doc__)
    torch.manual_seed(options.seed)
    network, tokenizer = Contrastive(), NameTokenizer()
    initialise(network)
    words = Words(tokenizer)

    def losses(batch: Batch, rng: np.random.Generator) -> Dict[str, Tensor]:
        ids, ends = tokenizer.batch(names_of(rng))
        states, cosines = cosines_of(network, batch.features, torch.tensor(ids), torch.tensor(ends))
        return {
            "names": 4 * named(cosines, batch.present > 0),
            "patches": F.cross_entropy(network.patches(states[:, 1:]).float().flatten(0, 1), batch.patches.flatten()),
            "words": words.loss(network.text),
        }

    train("filter-contrastive", network, losses, validate, options)


if __name__ == "__main__":
    main()
