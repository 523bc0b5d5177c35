"""Images too large for the memory: read, segmented and written one row of tiles at a time."""

from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Allowed, Pixels, TooManyPixelsError, as_png, open_header
from segnet.files import atomic_file, write_atomically
from segnet.inference.image_rows import ImageRows
from segnet.inference.look import Look
from segnet.inference.memory import check_outlines
from segnet.inference.npy_rows import NpyRows
from segnet.inference.outputs import Outputs, as_levels
from segnet.inference.png_rows import PngRows
from segnet.inference.polygon_files import Coco, Drawn, outline_files
from segnet.inference.predictor import Predictor
from segnet.inference.sketch import Sketch
from segnet.inference.tensors import most_likely


class Target(NamedTuple):
    """Where the files of an image go.

    Attributes:
        folder: must exist.
        name: the start of the files' names.
        file: path of the image for files of polygons.
        coco: collects the outlines of all images.
    """

    folder: Path
    name: str
    file: str
    coco: Coco | None = None


class RowFiles:
    """The files that have the image's own size, written as its rows come.

    Args:
        stack: closes the files, or removes them after an error.
        size: (H, W) of the image.
        classes: names and colours.
        outputs: the files beside the mask.
        target: where the files go.
    """

    def __init__(
        self, stack: ExitStack, size: tuple[int, int], classes: ClassSet, outputs: Outputs, target: Target
    ) -> None:
        def opened(ending: str) -> BinaryIO:
            return stack.enter_context(atomic_file(target.folder / f"{target.name}{ending}"))

        self.bits = outputs.confidence
        self.mask = stack.enter_context(PngRows(opened("_mask.png"), size, classes.palette))
        self.confidence = self.probabilities = self.kept = None
        if self.bits:
            self.confidence = stack.enter_context(PngRows(opened("_confidence.png"), size, bits=self.bits))
        if outputs.probabilities:
            self.probabilities = NpyRows(opened("_probabilities.npy"), (len(classes), *size))
        if outputs.polygons:
            self.kept = np.empty(size, np.uint8)

    def add(self, mask: Pixels, probabilities: NDArray[np.float32]) -> None:
        """Add the next rows: class indices ``(h, W)`` and softmax ``(C, h, W)``."""
        if self.kept is not None:
            self.kept[self.mask.written : self.mask.written + len(mask)] = mask
        self.mask.add(mask)
        if self.confidence and self.bits:
            self.confidence.add(as_levels(probabilities.max(0), self.bits))
        if self.probabilities:
            self.probabilities.add(probabilities)


def is_large(path: Path, allowed: Allowed) -> bool:
    """Whether an image has too many pixels to be read as a whole.

    Raises:
        UserError: the file does not exist, is damaged, or has another format.
    """
    try:
        open_header(path, "image", allowed=allowed)
    except TooManyPixelsError:
        return True
    return False


def segment_large(
    predictor: Predictor, path: Path, look: Look, outputs: Outputs, target: Target
) -> NDArray[np.float64]:
    """Write the files of an image at its own size by rows, and a smaller ``NAME_overlay.png``.

    Only outlines need the whole mask in memory.

    Args:
        predictor: a predictor with tiles.
        path: of the image.
        look: the settings of the drawing.
        outputs: the files beside mask and overlay.
        target: where the files go.

    Returns:
        Each class's share of the pixels, ``(C,)``, 0–1.

    Raises:
        UserError: the image cannot be read by rows, or memory is full. Nothing is written then.
    """
    image = ImageRows(path)
    size, classes = (image.shape[0], image.shape[1]), predictor.classes
    if outputs.polygons:
        check_outlines(size)
    has_variance = look.layout == "uncertainty"
    sketch = Sketch(image, len(classes), has_variance)
    with ExitStack() as stack:
        files = RowFiles(stack, size, classes, outputs, target)
        for band in (predictor.uncertain_bands if has_variance else predictor.bands)(sketch.image):
            probabilities = band[: len(classes)]
            mask = most_likely(probabilities)
            sketch.add(mask, band[-1])
            files.add(mask, probabilities)
        others = {"_overlay.png": as_png(sketch.draw(look, classes))}
        if files.kept is not None and outputs.polygons:
            regions = outputs.regions(files.kept, look.shown(classes), classes)
            others |= outline_files(Drawn(target.file, size, regions, classes), outputs.polygons, target.coco)
    for ending, content in others.items():
        write_atomically(target.folder / f"{target.name}{ending}", content)
    return sketch.shares
