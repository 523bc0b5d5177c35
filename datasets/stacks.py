"""TIFF stacks in a data set. Each page of an image is a sample, with the same page of its mask."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from segnet.errors import UserError

from .image_files import pages_of
from .pair import Pair

TIFF = (".tif", ".tiff")


def with_pages(pairs: Sequence[Pair]) -> list[Pair]:
    """A pair for each page of TIFF stacks; other pairs stay as they are.

    Raises:
        UserError: the pages of an image and of its mask differ.
    """
    return [page for pair in pairs for page in _pages(pair)]


def _pages(pair: Pair) -> Iterator[Pair]:
    if all(file.suffix.lower() in TIFF for file in pair.files):
        images, masks = (_stack(file) for file in pair.files)
        if len(images) != len(masks):
            raise UserError(
                f"{pair.mask}: has {len(masks)} pages, its image {pair.image} {len(images)}; both need as many"
            )
        if len(images) > 1:
            if images != masks:
                raise UserError(f"{pair.mask}: its pages lie elsewhere than those of {pair.image}; save both alike")
            yield from (pair._replace(page=page) for page in images)
            return
    yield pair


def _stack(path: Path) -> list[int]:
    try:
        return pages_of(path)
    except UserError:
        return [0]  # a damaged file is reported when it is read
