"""The values in a data set's masks, and which of them a person drew."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError

from .masks import GREY, RGB, TRANSPARENT, Kind, RawMask, Values, count_values, unpack_channels

CORE = 0.2
"""The least share of a value's pixels inside its areas. With less, the value only occurs in lines of soft borders."""
MANY_THIN = 8
"""A larger number of thin values is noise from JPEG or smoothing."""
NEAR_GREY, NEAR_COLOR = 16, 40
"""Noise lies within this distance of a true value, in levels; for colours, as points of a cube."""
REAL = 0.1
"""A value near a true one is no noise if it has this many pixels inside areas for each of the true one's."""
MAX_MOVED = 0.35
"""If a larger share of pixels lies between true values, the masks are not accepted as masks."""
MAX_THIN = 32
SMALL = 32
"""Masks with only smaller values hold indices, and nothing lies between indices."""
KEPT = 512
"""The most values that are kept of a mask. A photo instead of a mask has as many as pixels."""
BORDER = 3
"""Pixels on each side within which a border counts as thin."""


@dataclass(frozen=True)
class MaskValues:
    """The values of one mask.

    Attributes:
        size: (H, W).
        kind: kind of the values.
        pixels: pixels of each value.
        cores: pixels of each value whose four neighbours have it too.
        palette: colours of a palette mask's values.
        lossy: whether the file's format changes values.
        border_255: pixels of 255 that lie near another value.
        complete: whether ``pixels`` has all values.
    """

    size: tuple[int, int]
    kind: Kind
    pixels: dict[int, int]
    cores: dict[int, int]
    palette: dict[int, RGB] = field(default_factory=dict)
    lossy: bool = False
    border_255: int = 0
    complete: bool = True


def values_in(raw: RawMask) -> MaskValues:
    """The values of a mask."""
    values = raw.values
    pixels = count_values(values)
    palette = {v: _color(raw.palette[v]) for v in pixels if v < len(raw.palette)} if raw.palette is not None else {}
    soft = raw.kind in ("index", "rgb", "grey rgb") and (raw.lossy or (len(pixels) > 2 and max(pixels) >= SMALL))
    cores = _cores(values) if soft else dict(pixels)
    border = _border_255(values) if raw.kind != "rgb" and 255 in pixels else 0
    complete = len(pixels) <= KEPT
    if not complete:
        kept = sorted(pixels, key=lambda value: (-cores.get(value, 0), -pixels[value]))[:KEPT]
        pixels = {value: pixels[value] for value in kept}
        cores = {value: cores.get(value, 0) for value in kept}
    size = values.shape[0], values.shape[1]
    return MaskValues(size, raw.kind, pixels, cores, palette, raw.lossy, border, complete)


def _color(channels: NDArray[Any]) -> RGB:
    return int(channels[0]), int(channels[1]), int(channels[2])


def _cores(values: Values) -> dict[int, int]:
    across, down = values[:, 1:] == values[:, :-1], values[1:] == values[:-1]
    core = across[1:-1, 1:] & across[1:-1, :-1] & down[1:, 1:-1] & down[:-1, 1:-1]
    inside = values[1:-1, 1:-1][core]
    return count_values(inside) if inside.size else {}


def _border_255(values: Values) -> int:
    mask = (values == 255).astype(np.uint8)
    side = 2 * BORDER + 1
    inside = cv2.erode(mask, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return int(mask.sum()) - int(inside.sum())


@dataclass
class SetValues:
    """The values of all masks together.

    Attributes:
        colored: whether the masks are coloured, so that values are packed colours.
        pixels, cores: of each value.
        palette: colours of palette masks' values, if all masks agree on them.
        kinds: number of masks of each kind.
        lossy: whether a mask's format changes values.
        border_255: pixels of 255 that lie near another value.
    """

    colored: bool = False
    pixels: Counter[int] = field(default_factory=Counter)
    cores: Counter[int] = field(default_factory=Counter)
    palette: dict[int, RGB] = field(default_factory=dict)
    kinds: Counter[Kind] = field(default_factory=Counter)
    lossy: bool = False
    border_255: int = 0

    @property
    def total(self) -> int:
        return self.pixels.total()

    def share(self, *values: int) -> float:
        return sum(self.pixels[value] for value in values) / max(self.total, 1)


def together(masks: Sequence[MaskValues], by_color: bool = False) -> SetValues:
    """Combine the values of all masks. Grey and 1-bit masks among coloured ones are read as colours.

    Args:
        masks: at least one.
        by_color: read palette masks by their palette's colours.

    Raises:
        UserError: there is no mask.
    """
    if not masks:
        raise UserError("no mask can be read, so there are no classes")
    found = SetValues(colored=by_color or any(mask.kind == "rgb" for mask in masks))
    one_bit = Counter[int]()
    for mask in masks:
        found.kinds[mask.kind] += 1
        found.lossy |= mask.lossy
        found.border_255 += mask.border_255
        found.palette.update(mask.palette)
        if mask.kind == "bit" and not found.colored:
            one_bit.update(mask.pixels)
            continue
        for counter, counts in ((found.pixels, mask.pixels), (found.cores, mask.cores)):
            counter.update({_as_color(value, mask) if found.colored else value: n for value, n in counts.items()})
    # The 1 of a 1-bit mask is the 255 of other masks if they have no 1.
    high = 255 if found.pixels[255] and not found.pixels[1] else 1
    for counter in (found.pixels, found.cores):
        counter.update({high * value: count for value, count in one_bit.items()})
    if found.colored and all(value & TRANSPARENT for value in found.pixels):
        # If everything is transparent, transparency has no meaning.
        found.pixels = Counter({value & ~TRANSPARENT: count for value, count in found.pixels.items()})
        found.cores = Counter({value & ~TRANSPARENT: count for value, count in found.cores.items()})
    elif found.colored and any(value & TRANSPARENT for value in found.pixels):
        for name in ("pixels", "cores"):
            counter = Counter[int]()
            for value, count in getattr(found, name).items():
                counter[TRANSPARENT if value & TRANSPARENT else value] += count
            setattr(found, name, counter)
    return found


def _as_color(value: int, mask: MaskValues) -> int:
    if mask.kind == "rgb":
        return value
    if mask.kind == "palette":
        red, green, blue = mask.palette.get(value, (0, 0, 0))
        return red << 16 | green << 8 | blue
    return min(value * 255 if mask.kind == "bit" else value, 255) * GREY


def true_values(found: SetValues) -> list[int]:
    """The values that somebody drew, sorted: they have areas, and are not noise around or between others.

    Raises:
        UserError: noise and drawn values cannot be told apart.
    """
    values = sorted(value for value, count in found.pixels.items() if count)
    thin = [value for value in values if found.cores[value] < CORE * found.pixels[value]]
    thick = sorted(set(values) - set(thin), key=lambda value: -found.cores[value])
    if not thin and not found.lossy:
        return values
    if not thick:
        if found.lossy or len(values) > MAX_THIN:
            raise UserError(_cannot_tell(len(values), found))
        return values
    true: list[int] = []
    limit = NEAR_COLOR if found.colored else NEAR_GREY
    for value in thick:
        near = [own for own in true if _distance(value, own, found.colored) <= limit]
        if not near or not (found.lossy or len(thin) > MANY_THIN):
            true.append(value)
        elif found.cores[value] >= REAL * max(found.cores[own] for own in near):
            if found.lossy:
                raise UserError(_cannot_tell(len(values), found))
            true.append(value)
    strays = [value for value in thin if found.lossy or _is_between(value, true, found.colored, limit)]
    true += [value for value in thin if value not in set(strays)]
    moved = found.share(*(set(values) - set(true)))
    if moved > MAX_MOVED or len(true) < 2 <= len(values):
        raise UserError(_cannot_tell(len(values), found))
    return sorted(true)


def _cannot_tell(count: int, found: SetValues) -> str:
    what = "colours" if found.colored else "grey values"
    return (
        f"the masks hold {count:,} {what}, and which of them are classes cannot be told from what "
        f"{'JPEG' if found.lossy else 'smoothing or resizing'} has left between them; save the masks as PNG without "
        "smoothing, or put a classes.csv with label, name, r, g, b beside them that lists the ones you mean"
    )


def _points(values: Sequence[int], colored: bool) -> NDArray[np.float64]:
    array = np.array(values, np.int64)
    return np.stack(unpack_channels(array), -1).astype(float) if colored else array[:, None].astype(float)


def _distance(one: int, other: int, colored: bool) -> float:
    first, second = _points([one, other], colored)
    return float(np.linalg.norm(first - second))


def _is_between(value: int, true: Sequence[int], colored: bool, limit: float) -> bool:
    """Whether a value lies near a true one, or between two true ones as a mixture of them."""
    if value == TRANSPARENT:
        return False
    [point], ends = _points([value], colored), _points([own for own in true if own != TRANSPARENT], colored)
    if not len(ends):
        return False
    if np.linalg.norm(ends - point, axis=1).min() <= limit:
        return True
    way = ends[None] - ends[:, None]
    length = np.maximum((way**2).sum(-1), 1e-9)
    along = np.clip(((point - ends[:, None]) * way).sum(-1) / length, 0, 1)
    return bool(np.linalg.norm(ends[:, None] + along[..., None] * way - point, axis=-1).min() <= limit / 2)
