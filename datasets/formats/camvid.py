"""CamVid as the SegNet authors publish it: ``train`` beside ``trainannot``, grey masks of 11 classes, 11 ignored.

Sample scenes have this layout too.
"""

from pathlib import Path

from ..camvid.layout import mask_folder, splits_in
from ..classes import CAMVID
from ..coding import Coding, identity
from .files import images_in, match, together
from .layout import Layout


def find(root: Path) -> Layout | None:
    """The layout if the folder has it, else None."""
    splits = splits_in(root)
    if not splits:
        return None
    pairs, without_mask, without_image = together(
        {
            split: match(images_in(root / split), images_in(mask_folder(root, split)), lambda path: path.stem)
            for split in splits
        }
    )
    coding = Coding(identity(len(CAMVID), CAMVID.ignore_index), ignore_index=CAMVID.ignore_index)
    return Layout("CamVid, the SegNet authors' layout", pairs, CAMVID, coding, without_mask, without_image)
