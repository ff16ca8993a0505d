"""The words of the miniature: names of the classes, other names for them, backgrounds, and what captions need."""

from .config import BACKGROUNDS, CLASSES

# Other names by which people call a class; training uses them now and then in place of the name.
SYNONYMS = {
    "airplane": ["aeroplane", "plane", "aircraft"],
    "bicycle": ["bike", "cycle"],
    "bird": ["birds"],
    "boat": ["ship", "sailboat"],
    "bottle": ["flask"],
    "bus": ["coach"],
    "car": ["automobile", "vehicle"],
    "cat": ["kitten", "kitty"],
    "chair": ["seat"],
    "cow": ["cattle", "ox"],
    "dining table": ["table", "diningtable", "desk"],
    "dog": ["puppy"],
    "horse": ["pony"],
    "motorbike": ["motorcycle", "scooter"],
    "person": ["human", "man", "woman", "people"],
    "potted plant": ["plant", "pottedplant", "flowerpot"],
    "sheep": ["lamb", "ram"],
    "sofa": ["couch"],
    "train": ["tram", "locomotive"],
    "tv monitor": ["tv", "monitor", "television", "screen", "tvmonitor"],
}
FUNCTION_WORDS = ["a", "an", "the", "and", "on", "in", "of", "with", "under", "over", "photo", "photograph", "picture", "drawing"]
BACKGROUND = "background"


def known_names() -> list:
    """Names for which the model has masks: classes, background, surroundings, other names of the classes."""
    return [*CLASSES, BACKGROUND, *BACKGROUNDS, *(s for names in SYNONYMS.values() for s in names)]


def all_words() -> list:
    """Every word that has a token of its own, without repeats, in a fixed order."""
    phrases = [*CLASSES, BACKGROUND, *BACKGROUNDS, *FUNCTION_WORDS, *(s for names in SYNONYMS.values() for s in names)]
    return list(dict.fromkeys(word for phrase in phrases for word in phrase.split()))
