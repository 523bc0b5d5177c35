"""Where a sample lies on disk."""

from pathlib import Path
from typing import NamedTuple


class Pair(NamedTuple):
    """An image and what says which class its pixels are.

    Attributes:
        image: the file.
        mask: a mask, or a file of polygons, which may be that of many images.
        page: of a TIFF stack, from 0 on, the same of both; None: the files hold one image each.
    """

    image: Path
    mask: Path
    page: int | None = None

    @property
    def files(self) -> tuple[Path, Path]:
        return self.image, self.mask

    @property
    def name(self) -> str:
        """Of the sample: the image's name without suffix, with the page of a stack."""
        return self.image.stem if self.page is None else f"{self.image.stem}_{self.page:04d}"
