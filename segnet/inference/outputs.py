"""The files of a prediction beside its mask and its overlay."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels
from segnet.errors import UserError
from segnet.inference.polygon_files import FORMATS
from segnet.inference.polygons import Region, regions_of

Grey = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Outputs:
    """The files to write beside mask and overlay, checked before anything is loaded.

    Attributes:
        confidence: bits of the map of confidence, 8 or 16; None: no map.
        probabilities: write all probabilities, as float16.
        polygons: format of the regions' outlines: ``labelme``, ``coco``, ``geojson``, ``yolo``; None: none.
        min_area: least pixels of a region and of a hole; smaller ones are left out.
        tolerance: pixels by which outlines may differ from the exact ones.

    Raises:
        UserError: a setting is out of its range.
    """

    confidence: int | None = None
    probabilities: bool = False
    polygons: str | None = None
    min_area: int = 16
    tolerance: float = 1.0

    def __post_init__(self) -> None:
        if self.confidence not in (None, 8, 16):
            raise UserError(f"--confidence {self.confidence}: 8 or 16 bits")
        if self.polygons not in (None, *FORMATS):
            raise UserError(f"--polygons {self.polygons}: choose {', '.join(FORMATS)}")
        if self.min_area < 0:
            raise UserError(f"--min-area {self.min_area}: 0 pixels or more")
        if not 0 <= self.tolerance <= 100:
            raise UserError(f"--tolerance {self.tolerance:g}: from 0 to 100 pixels")

    @property
    def need_probabilities(self) -> bool:
        """Whether the network must give probabilities."""
        return self.confidence is not None or self.probabilities

    def regions(self, mask: Pixels, shown: Sequence[int], classes: ClassSet) -> list[Region]:
        """The regions of the ``shown`` classes in a mask ``(H, W)``. The background is the rest."""
        wanted = [index for index in shown if classes.names[index].lower() != "background"]
        return regions_of(mask, wanted, self.min_area, self.tolerance)


def as_levels(values: NDArray[np.float32], bits: int) -> Grey:
    """Values in 0–1 as grey levels with ``bits`` bits."""
    most = 2**bits - 1
    levels: Grey = np.rint(values * most).astype(np.uint8 if bits == 8 else np.uint16)
    return levels


def as_npy(array: NDArray[np.float16]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
