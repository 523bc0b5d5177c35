"""Image formats that are recognised but not read: their names, and ways to convert them."""

import os
from collections import Counter
from collections.abc import Iterable

from .heic import HEIC_SUFFIXES, is_readable

MAGICK = "convert them, as with: magick mogrify -format png *{suffix}"
SAVE = "save each image as PNG"
INSTALL_HEIC = "to read them: pip install 'segnet[heic]'"

UNREAD = {
    ".avif": "AVIF", ".jxl": "JPEG XL", ".jp2": "JPEG 2000", ".gif": "GIF", ".psd": "Photoshop", ".svg": "SVG",
    ".dng": "raw photo", ".cr2": "raw photo", ".cr3": "raw photo", ".nef": "raw photo", ".arw": "raw photo",
    ".dcm": "DICOM", ".nii": "NIfTI", ".exr": "OpenEXR", ".hdr": "Radiance", ".npy": "NumPy", ".npz": "NumPy",
    ".mat": "MATLAB",
}  # fmt: skip
"""By suffix."""
HELD_BY_PROGRAMS = frozenset({".nii", ".npy", ".npz", ".mat"})
"""Arrays, which no image program converts."""


def unread_kind(suffix: str) -> str:
    """The name of a format that is recognised but not read, else empty."""
    if suffix in HEIC_SUFFIXES:
        return "" if is_readable() else "HEIC"
    return UNREAD.get(suffix, "")


def advice(suffix: str) -> str:
    """Advice for files of a format that is not read."""
    if suffix in HEIC_SUFFIXES:
        return INSTALL_HEIC
    return SAVE if suffix in HELD_BY_PROGRAMS else MAGICK.format(suffix=suffix)


def unread_lines(names: Iterable[str]) -> list[str]:
    """A line for each unread format among file names."""
    suffixes = (os.path.splitext(name)[1].lower() for name in names)  # noqa: PTH122 - as for all names of a folder
    counts = Counter(suffix for suffix in suffixes if unread_kind(suffix))
    return [
        f"{count:,} {unread_kind(suffix)} file{'s'[: count != 1]} (*{suffix}), not read; {advice(suffix)}"
        for suffix, count in counts.items()
    ]
