"""Read one pair of files and keep everything that an inspection needs, in a few hundred bytes."""

import hashlib
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segnet.errors import UserError

from ..coding import Coding
from ..image_files import DeepImageError, Pixels, open_image, orientation_of, read_image
from ..mask_values import MaskValues, values_in
from ..masks import TRANSPARENT, count_values, describe_value, pack
from ..pair import Pair

THUMBNAIL = 16


@dataclass
class Look:
    """The content of a pair of files.

    Attributes:
        pair: the files.
        image_size: (H, W) after the EXIF orientation; None: not readable.
        mask: values of the mask; None: not readable.
        odd: kind and detail of each unusual finding.
        channels: means of the pixels and of their squares, (2, 3).
        pixels_hash: hash of the decoded image, equal for equal images.
        perceptual: 64 bits that are nearly equal for images that look alike.
        thumbnail: (16, 16) grey.
        labels: pixels of each label, None for values without a class; known when the coding is.
        unknown: pixels of each value without a class.
    """

    pair: Pair
    image_size: tuple[int, int] | None = None
    mask: MaskValues | None = None
    odd: list[tuple[str, str]] = field(default_factory=list)
    channels: NDArray[np.float64] | None = None
    pixels_hash: bytes = b""
    perceptual: int = 0
    thumbnail: Pixels | None = None
    labels: dict[int | None, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def mask_size(self) -> tuple[int, int] | None:
        return self.mask.size if self.mask else None


def label(look: Look, coding: Coding) -> None:
    """Count the labels of a look from its values."""
    if look.mask is None:
        return
    for value, count in look.mask.pixels.items():
        kind = look.mask.kind
        if kind == "palette" and coding.by_color:
            value, kind = pack(look.mask.palette.get(value, (0, 0, 0))), "rgb"
        found = coding.label_of(value, kind)
        look.labels[found] = look.labels.get(found, 0) + count
        if found is None:
            look.unknown[describe_value(value, kind)] = count


def labels_in(coding: Coding, pair: Pair) -> tuple[dict[int | None, int], dict[str, int]]:
    """The same from the file itself, for masks with more values than a look keeps."""
    labels, unknown, _ = coding.decode(pair)
    counts: dict[int | None, int] = {value: count for value, count in count_values(labels).items()}  # noqa: C416
    if unknown:
        counts[None] = sum(unknown.values())
        counts[coding.ignore_index] -= counts[None]
    return {found: count for found, count in counts.items() if count}, unknown


def look_at(coding: Coding, pair: Pair) -> Look:
    """Read both files. An unreadable file becomes a finding, and nothing is raised."""
    look = Look(pair)
    _look_at_image(look, pair)
    _look_at_mask(look, coding)
    if look.image_size and look.mask_size and look.image_size != look.mask_size:
        detail = f"{pair.mask}: {_size(look.mask_size)}, its image {_size(look.image_size)}"
        if look.mask_size == look.image_size[::-1] and any(kind == "EXIF-rotated" for kind, _ in look.odd):
            detail += "; the mask is not turned as the image's EXIF orientation says"
        look.odd.append(("other size", detail))
    return look


def _look_at_image(look: Look, pair: Pair) -> None:
    path = pair.image
    try:
        header = open_image(path, "image", page=pair.page)
        look.odd += [(kind, f"{path}: {detail}") for kind, detail in _unusual(header)]
        image = read_image(path, page=pair.page)
    except DeepImageError as error:
        look.odd.append(("more than 8 bits or 3 channels", str(error)))
        return
    except UserError as error:
        look.odd.append(("unreadable", str(error)))
        return
    look.image_size = image.shape[0], image.shape[1]
    if header.mode in ("RGB", "RGBA", "P") and not np.ptp(image[::7, ::7].astype(np.int16), axis=2).any():
        look.odd.append(("grey", f"{path}: three equal channels"))
    mean, deviation = (np.asarray(found)[:, 0] for found in cv2.meanStdDev(image))
    look.channels = np.stack([mean, deviation**2 + mean**2])
    look.pixels_hash = hashlib.blake2b(image.tobytes() + repr(image.shape).encode(), digest_size=16).digest()
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    look.perceptual = perceptual_hash(grey)
    look.thumbnail = np.asarray(cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA), np.uint8)


def _look_at_mask(look: Look, coding: Coding) -> None:
    path = look.pair.mask
    try:
        raw = coding.read(look.pair)
        look.mask = values_in(raw)
    except UserError as error:
        look.odd.append(("unreadable", str(error)))
        return
    if raw.lossy:
        look.odd.append(("lossy mask", f"{path}: JPEG changes labels at their borders; save masks as PNG"))
    if any(value & TRANSPARENT for value in look.mask.pixels):
        look.odd.append(("alpha", f"{path}: pixels of the mask can be seen through; they are told apart"))


def _unusual(image: Image.Image) -> list[tuple[str, str]]:
    """Unusual properties in the header: all but an upright 8-bit colour image."""
    found = []
    orientation = orientation_of(image)
    if orientation != 1:
        found.append(("EXIF-rotated", f"orientation {orientation}; it is turned upright when it is read"))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        found.append(("alpha", "has transparency, which is left out"))
    if image.mode in ("L", "1", "LA"):
        found.append(("grey", "one channel; it is read as three equal ones"))
    return found


def perceptual_hash(grey: Pixels) -> int:
    """64 bits of an image (H, W) that say which of its lowest frequencies are above their median.

    It stays nearly the same when the image is scaled, recompressed or made brighter (pHash, Zauner 2010).
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = np.asarray(cv2.dct(small))[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
