"""CamVid as the SegNet authors published it: 480×360 frames, index masks, lists of pairs (arXiv 1511.00561, 4.1)."""

import os
from pathlib import Path

from segnet.errors import UserError

from ..classes import CAMVID
from ..folder import pairs_from_folders, pairs_from_list
from ..pair import Pair
from ..samples import ImagesAndMasks
from ..splits import select_split
from .download import download_camvid
from .layout import mask_folder, splits_in

DEFAULT_ROOT = Path("data/camvid")


def load_camvid(root: str | None, split: str, cache: float = 1) -> ImagesAndMasks:
    """A split of CamVid, or of a data set in its layout.

    Args:
        root: folder with ``train``, ``trainannot``, ``val``, ... or with lists such as ``train.txt``; None: the
            environment's CAMVID_ROOT, else ``data/camvid``, which is downloaded if it does not exist.
        split: a choice of :mod:`.splits`: ``train+val@0006R0`` is only sequence 0006R0, ``train+val-0006R0`` everything
            else.
        cache: most GiB of decoded samples kept in memory; 0: none.

    Raises:
        UserError: the folder, a split, a sequence, a mask or a listed file is missing, or nothing is left.
    """
    folder = _find_root(root)
    pairs = select_split(split, lambda name: _split_pairs(folder, name), folder)
    return ImagesAndMasks(pairs, CAMVID, cache)


def _find_root(root: str | None) -> Path:
    given = root or os.environ.get("CAMVID_ROOT")
    folder = Path(given).expanduser() if given else DEFAULT_ROOT
    if not given and not folder.is_dir():
        download_camvid(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; set data.root or CAMVID_ROOT to where CamVid lies")
    return folder


def _split_pairs(root: Path, name: str) -> list[Pair]:
    if (root / f"{name}.txt").is_file():
        return pairs_from_list(root / f"{name}.txt", root)
    if (root / name).is_dir():
        return pairs_from_folders(root / name, mask_folder(root, name))
    present = {path.stem for path in root.glob("*.txt")} | set(splits_in(root))
    raise UserError(f"{root}: no split {name!r}; there is {', '.join(sorted(present)) or 'none'}")
