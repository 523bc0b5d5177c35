"""Images with more than 8 bits a channel, or with more channels than RGB and transparency: describe them.

They are not supported yet. Pillow opens some of them, but drops their lower bits or their fourth channel, and a network
would learn from what is left. For others, Pillow only reports an unknown file.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image, TiffImagePlugin

BITS, PHOTOMETRIC, SAMPLES, EXTRA_SAMPLES, SAMPLE_FORMAT = 258, 262, 277, 338, 339
"""Tags of TIFF 6.0."""
SEPARATED, FLOAT = 5, 3
"""The photometric interpretation of CMYK, and the sample format of floating-point numbers."""
ALPHA = {1, 2}
"""Kinds of extra samples that are transparency, with premultiplied colours or without."""


class Excess(NamedTuple):
    """The excess of an image.

    Attributes:
        channels: number of channels, including those that are no colours.
        bits: bits of each channel.
        with_point: whether the values are floating-point numbers.
    """

    channels: int
    bits: int
    with_point: bool = False

    def __str__(self) -> str:
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        return f"{channels} of {self.bits} bits" + (" with a decimal point" if self.with_point else "")

    def command(self, path: Path) -> str:
        """A command that converts the image to three channels of 8 bits, or to one."""
        # All images have one range. A separate range for each would change what is bright.
        top = "1" if self.with_point else str(2**self.bits - 1)
        scale = f" -ot Byte -scale 0 {top} 0 255" if self.bits > 8 else ""
        bands = "" if self.channels in (1, 3) else " -b 1" if self.channels == 2 else " -b 1 -b 2 -b 3"
        target = f"{path.stem}_8bit.png" if path.suffix.lower() == ".png" else f"{path.stem}.png"
        return f"gdal_translate -of PNG{scale}{bands} {shlex.quote(path.name)} {shlex.quote(target)}"


def excess(image: Image.Image) -> Excess | None:
    """The excess of an image; None if it can be read as it is.

    Args:
        image: opened, but not decoded yet.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return excess_of_tags(image.tag_v2)
    # Pillow has one mode for PNG files of 8 and of 16 bits. Only the way of unpacking tells them apart.
    tiles: list[Any] = getattr(image, "tile", [])
    deep = image.mode.startswith(("I", "F")) or any("16" in str(tile[3]) for tile in tiles)
    return Excess(len(image.getbands()), 16) if deep else None


def excess_of_tags(tags: Mapping[int, Any]) -> Excess | None:
    """The excess of a TIFF page, by its tags."""
    channels, bits = int(tags.get(SAMPLES, 1)), max(_numbers(tags.get(BITS, 1)))
    extra = _numbers(tags.get(EXTRA_SAMPLES, ()))
    most = 4 if tags.get(PHOTOMETRIC) == SEPARATED else 3
    if bits <= 8 and set(extra) <= ALPHA and channels - len(extra) <= most:
        return None
    return Excess(channels, bits, FLOAT in _numbers(tags.get(SAMPLE_FORMAT, ())))


def excess_of_unknown(file: BinaryIO) -> Excess | None:
    """The excess of a file that Pillow cannot open; None if it is no TIFF file."""
    header = file.read(8)
    if header[:4] not in (b"II*\0", b"MM\0*"):
        return None
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(header)
        file.seek(tags.next)
        tags.load(file)
        return excess_of_tags(tags)
    except Exception:
        # A damaged table of tags raises any kind of error.
        return None


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (int(value),)
