"""The files of a sample."""

from pathlib import Path
from typing import NamedTuple


class Pair(NamedTuple):
    """An image and its annotation.

    Attributes:
        image: the file.
        mask: a mask, or a file of polygons, which may belong to many images.
        page: page of a TIFF stack, from 0 on, the same in both files; None: the files hold one image each.
    """

    image: Path
    mask: Path
    page: int | None = None

    @property
    def files(self) -> tuple[Path, Path]:
        return self.image, self.mask

    @property
    def name(self) -> str:
        """Name of the sample: the image's name without suffix, with the page of a stack."""
        return self.image.stem if self.page is None else f"{self.image.stem}_{self.page:04d}"
