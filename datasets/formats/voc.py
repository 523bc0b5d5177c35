"""Pascal VOC: ``JPEGImages``, palette masks in ``SegmentationClass``, lists in ``ImageSets/Segmentation``.

``root`` is the folder of a year, such as ``VOCdevkit/VOC2012``, or a folder that contains one. Borders (255) are
ignored.
"""

from pathlib import Path

from segnet.errors import UserError

from ..classes import ClassSet, voc_color
from ..coding import Coding, identity
from ..lists import fields, read_lines
from ..masks import pack
from ..pair import Pair
from .files import images_in, match
from .layout import Layout

LIST = (
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor"
)
NAMES = LIST.split()
VOC = ClassSet(tuple(NAMES), tuple(voc_color(label) for label in range(len(NAMES))))
BORDER = (224, 224, 192)
"""Colour of ignored pixels in RGB masks."""


def find(root: Path) -> Layout | None:
    """The layout if the folder has it, else None.

    Raises:
        UserError: a list names an image that does not exist.
    """
    folder = next((year for year in _years(root) if (year / "SegmentationClass").is_dir()), None)
    if folder is None or not (folder / "JPEGImages").is_dir():
        return None
    # Most images of VOC are for detection and have no mask. They are not missing.
    found = match(images_in(folder / "JPEGImages"), images_in(folder / "SegmentationClass"), lambda path: path.stem)
    pair_of = {pair.image.stem: pair for pair in found.pairs}
    lists = sorted((folder / "ImageSets" / "Segmentation").glob("*.txt"))
    splits = {path.stem: _listed(path, pair_of) for path in lists} or {"all": found.pairs}
    colors = {pack(color): label for label, color in enumerate(VOC.colors)} | {pack(BORDER): VOC.ignore_index}
    coding = Coding(identity(len(VOC), VOC.ignore_index), colors)
    return Layout("Pascal VOC", splits, VOC, coding, without_image=found.without_image)


def _years(root: Path) -> list[Path]:
    return [root, *sorted(root.glob("VOC20*")), *sorted(root.glob("VOCdevkit/VOC20*"))]


def _listed(path: Path, pair_of: dict[str, Pair]) -> list[Pair]:
    names = [fields(line, pair_of.__contains__)[0] for _, line in read_lines(path)]
    missing = [name for name in names if name not in pair_of]
    if missing:
        raise UserError(f"{path}: no image with a mask named {missing[0]} (of {len(missing)} missing)")
    return [pair_of[name] for name in names]
