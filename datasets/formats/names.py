"""Words in names of folders and files that mean image, mask or split, and the part that names the sample."""

import re
import unicodedata
from functools import lru_cache

IMAGES = (
    "image images img imgs rgb rgbs input inputs raw frame frames photo photos picture pictures pic pics jpeg jpegs "
    "jpg jpgs original originals orig sat data x leftimg8bit color"
)
MASKS = (
    "mask masks msk label labels labelled labeled lbl annotation annotations annot annots ann anno annos gt gts "
    "groundtruth ground truth target targets segmentation segmentations segmentationclass segmented semantic semantics "
    "sem seg segs labelids labeltrainids gtfine indexlabel matte mattes l y"
)
IMAGE_WORDS = frozenset(IMAGES.split())
MASK_WORDS = frozenset(MASKS.split())

SPLIT_NAMES = {
    "train": "train", "training": "train", "trainset": "train",
    "val": "val", "valid": "val", "validation": "val", "valset": "val", "dev": "val",
    "test": "test", "testing": "test", "testset": "test",
    "trainval": "trainval",
    "entrenamiento": "train", "entrainement": "train", "entraînement": "train", "treino": "train",
    "treinamento": "train", "addestramento": "train",
    "validacion": "val", "validación": "val", "validierung": "val", "validação": "val", "validazione": "val",
    "prueba": "test", "pruebas": "test", "teste": "test",
}  # fmt: skip
"""The split that a word stands for."""

DERIVED = {
    "depth": 3, "depths": 3, "disparity": 3, "flow": 3, "normal": 3, "normals": 3, "confidence": 3,
    "overlay": 2, "overlays": 2, "blend": 2, "blended": 2, "vis": 2, "viz": 2, "visualization": 2, "visualisation": 2,
    "preview": 2, "instance": 2, "instances": 2, "instanceids": 2, "object": 2, "segmentationobject": 2, "edge": 2,
    "edges": 2, "boundary": 2, "thumb": 2, "thumbs": 2, "thumbnails": 2, "color": 1, "colour": 1, "colored": 1,
    "coloured": 1, "human": 1, "rgb": 1,
}  # fmt: skip
"""Words of folders and files that were made from others or hold something else, with their weights."""

LONG_ENDINGS = ("annotations", "annotation", "annots", "annot", "labels", "label", "masks", "mask", "images", "image")
"""Words that may be joined to another word, as in ``trainannot``."""


def composed(name: str) -> str:
    """A name in composed Unicode. macOS writes ``ü`` as ``u`` and two dots, which would be another name."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def split_name(folder: str) -> str:
    """The split of a folder. Characters with a meaning in a choice of splits become ``_``."""
    return SPLIT_NAMES.get(folder.lower(), re.sub("[@+%-]", "_", folder))


@lru_cache(maxsize=4096)
def folder_words(name: str) -> tuple[str, ...]:
    """The words of a folder's name, in lower case: ``SegmentationClass``, ``train_images``, ``trainannot``."""
    words: list[str] = []
    for word in re.findall(r"\d+|[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", composed(name))):
        words += _apart(word.lower())
    return tuple(words)


def _apart(word: str) -> list[str]:
    if word in IMAGE_WORDS or word in MASK_WORDS or word in SPLIT_NAMES:
        return [word]
    for ending in LONG_ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return [word[: -len(ending)], ending]
    return [word]


def stem_words(stem: str) -> tuple[str, ...]:
    """The words of a file's name, in lower case. A number after a word is another word, as in ``mask12``."""
    words: list[str] = []
    for word in re.findall(r"[^\W_]+", composed(stem).lower()):
        apart = re.fullmatch(r"([^\W\d_]+)(\d+)", word)
        words += apart.groups() if apart else (word,)
    return tuple(words) or (composed(stem).lower(),)
