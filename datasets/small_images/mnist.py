"""MNIST and Fashion-MNIST, downloaded by torchvision, which checks every file's checksum."""

from pathlib import Path
from typing import Literal

import numpy as np

from segnet.errors import UserError

from .images import Images

DEFAULT_ROOT = "data/mnist"


def load_mnist(name: Literal["mnist", "fashion_mnist"] | str, root: str | None, split: str) -> Images:
    """Load 60,000 images for training (``train``) or 10,000 for validation (``val``), (N, 1, 28, 28).

    Args:
        name: ``mnist`` (LeCun et al., 1998) or ``fashion_mnist`` (arXiv 1708.07747).
        root: folder of the downloaded files; None: ``data/mnist``.
        split: ``train`` or ``val``.

    Raises:
        UserError: the files are missing and cannot be downloaded, a file is damaged, or there is no such split.
    """
    from torchvision.datasets import MNIST, FashionMNIST

    if split not in ("train", "val"):
        raise UserError(f"{name} has no split {split!r}; set data.train and data.val to train or val")
    kind = MNIST if name == "mnist" else FashionMNIST
    folder = Path(root or DEFAULT_ROOT).expanduser()
    try:
        data = kind(str(folder), train=split == "train", download=True)
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise UserError(
            f"{name} cannot be fetched to {folder} or read there ({reason}); "
            "data.name=digits needs no network, data.root names a folder that already holds the files"
        ) from None
    return Images(data.data.numpy()[:, None], data.targets.numpy().astype(np.int64), tuple(data.classes))
