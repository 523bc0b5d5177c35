"""CamVid's layout as the SegNet authors publish it: ``train/NAME.png`` and its mask ``trainannot/NAME.png``."""

from pathlib import Path

from ..strays import is_stray

CHECKSUMS = Path(__file__).with_name("camvid.sha256")
"""A line ``SHA-256  train/NAME.png`` for each published file. The images do not come with this project."""

SEQUENCES = ("0001TP", "0006R0", "0016E5", "Seq05VD")
"""The videos of the frames. Names of frames begin with them."""

_MASKS = "annot"


def mask_folder(root: Path, split: str) -> Path:
    """The folder of the masks of ``root/split``."""
    return root / f"{split}{_MASKS}"


def splits_in(root: Path) -> list[str]:
    """Sorted names of the image folders that have a mask folder beside them."""
    names = (path.name.removesuffix(_MASKS) for path in root.glob(f"?*{_MASKS}") if path.is_dir())
    return sorted(name for name in names if (root / name).is_dir() and not is_stray(name))


def read_checksums(path: Path = CHECKSUMS) -> dict[str, str]:
    """SHA-256 by file name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: checksum for checksum, name in (line.split() for line in lines)}


def published_splits() -> dict[str, str]:
    """The authors' split of each frame, by the frame's name without suffix."""
    files = [Path(name) for name in read_checksums()]
    return {file.stem: file.parent.name for file in files if not file.parent.name.endswith(_MASKS)}
