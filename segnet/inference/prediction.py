"""The result of a network on one image, its drawing, and its files."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels, as_png
from segnet.files import write_atomically
from segnet.inference.any_image import AnyImage, Names, as_pixels, path_of
from segnet.inference.look import Look
from segnet.inference.outputs import Grey, Outputs, as_levels, as_npy
from segnet.inference.overlay import class_shares
from segnet.inference.polygon_files import Coco, Drawn, outline_files
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import most_likely
from segnet.inference.tiff_stack import TiffStack
from segnet.inference.video.frames import Answer, Segmented, check_varies


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of one image. In a notebook it shows itself as its overlay with a legend.

    Attributes:
        name: name of the image without a suffix; the saved files begin with it.
        image: ``(H, W, 3)`` uint8 RGB.
        mask: class indices ``(H, W)`` uint8.
        predictor: the predictor that made the mask.
        look: the settings of the drawing.
        answer: probabilities ``(C, H, W)`` and their variance ``(H, W)`` float32, if they were computed together with
            the mask.
    """

    name: str
    image: Pixels = field(repr=False)
    mask: Pixels = field(repr=False)
    predictor: Predictor = field(repr=False)
    look: Look = field(default=Look(), repr=False)
    answer: Answer = field(default=Answer(None), repr=False)

    @property
    def classes(self) -> ClassSet:
        """Names and colours of the classes."""
        return self.predictor.classes

    @cached_property
    def overlay(self) -> Pixels:
        """The image under the colours of its classes, ``(H, W, 3)`` uint8 RGB."""
        return self.look.overlay(self.classes).draw(self.image, self.mask)

    @cached_property
    def shares(self) -> dict[str, float]:
        """Each class's share of the pixels, 0–1, by name in the order of the indices."""
        return dict(zip(self.classes.names, class_shares(self.mask, len(self.classes)).tolist(), strict=True))

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Softmax ``(C, H, W)`` float32, 0–1.

        Most callers want only the mask, which is faster. The network therefore runs again on the first access, with
        other dropout samples if it is sampled.
        """
        known = self.answer.probabilities
        return self.predictor.probabilities([self.image])[0] if known is None else known

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the class in the mask, ``(H, W)`` float32, 0–1; see :attr:`probabilities`."""
        indices = self.mask[None].astype(np.intp)
        return np.asarray(np.take_along_axis(self.probabilities, indices, axis=0)[0], np.float32)

    def drawn(self) -> Pixels:
        """The image as ``look`` says, ``(H', W', 3)`` uint8 RGB: usually the overlay above a legend with the shares."""
        found = Segmented(self.mask, np.array(list(self.shares.values())), self.answer.uncertainty)
        return self.look.painter(self.classes)(self.image, found)

    def save(self, folder: str | Path, **also: Any) -> list[Path]:
        """Write ``NAME_mask.png``, class indices, and ``NAME_overlay.png``, with a legend.

        Args:
            folder: folder for the files; it is created if it does not exist.
            also: other files, as in ``confidence=16``: the attributes of :class:`segnet.inference.outputs.Outputs`.

        Returns:
            The files.
        """
        files = files_of([self], Outputs(**also))
        Path(folder).mkdir(parents=True, exist_ok=True)
        written = {Path(folder) / f"{self.name}{ending}": content for ending, content in files.items()}
        for path, content in written.items():
            write_atomically(path, content)
        return list(written)

    def image_files(self, outputs: Outputs) -> dict[str, tuple[Grey, Pixels | None]]:
        """The files that are images, each with its palette."""
        found: dict[str, tuple[Grey, Pixels | None]] = {
            "_mask": (self.mask, self.classes.palette),
            "_overlay": (self.drawn(), None),
        }
        if outputs.confidence:
            found["_confidence"] = as_levels(self.confidence, outputs.confidence), None
        return found

    def other_files(self, outputs: Outputs, file: str = "", coco: Coco | None = None) -> dict[str, bytes]:
        """The files that are not images."""
        found: dict[str, bytes] = {}
        if outputs.probabilities:
            found["_probabilities.npy"] = as_npy(self.probabilities.astype(np.float16))
        if outputs.polygons:
            regions = outputs.regions(self.mask, self.look.shown(self.classes), self.classes)
            drawn = Drawn(file, self.mask.shape, regions, self.classes, self.image)
            found |= outline_files(drawn, outputs.polygons, coco)
        return found

    def _repr_png_(self) -> bytes:
        return as_png(self.drawn())


def files_of(
    pages: Iterable[Prediction], outputs: Outputs, stacked: bool = False, file: str = "", coco: Coco | None = None
) -> dict[str, bytes]:
    """The contents of the files, by the end of their names.

    Args:
        pages: the image's prediction. For a TIFF stack, those of its pages; only one at a time is in memory.
        outputs: the files beside mask and overlay.
        stacked: write TIFF stacks; outputs that are no images get a file for each page.
        file: path of the image for files of polygons; empty for an image that is no file.
        coco: collects the outlines of all images in one file; None: each image has its own.
    """
    found: dict[str, bytes] = {}
    stacks: dict[str, TiffStack] = {}
    with ExitStack() as opened:
        for number, page in enumerate(pages):
            for name, (image, palette) in page.image_files(outputs).items():
                if not stacked:
                    found[f"{name}.png"] = as_png(image, palette)
                    continue
                if name not in stacks:
                    stacks[name] = opened.enter_context(TiffStack())
                stacks[name].add(image, palette)
            others = page.other_files(outputs, "" if stacked else file, coco)
            found |= {f"_{number}{ending}" if stacked else ending: content for ending, content in others.items()}
    return found | {f"{name}.tif": stack.content for name, stack in stacks.items()}


def predict_each(
    predictor: Predictor, images: Iterable[AnyImage], look: Look | None = None, probabilities: bool = False
) -> Iterator[Prediction]:
    """Predict each image on demand. No two predictions have the same name.

    Args:
        predictor: the predictor.
        images: of any size.
        look: the settings of the drawing; None: overlays.
        probabilities: compute them too, in the same pass.

    Raises:
        UserError: something is no image, or the look does not fit the model.
    """
    look = look or Look()
    look.shown(predictor.classes)
    if look.layout == "uncertainty":
        check_varies(predictor)
    names = Names()
    for image in images:
        pixels = as_pixels(image)
        name = names.free_for(path_of(image)) if isinstance(image, str | Path) else names.free("image")
        mask, answer = ask(predictor, pixels, probabilities, look.layout == "uncertainty")
        yield Prediction(name, pixels, mask, predictor, look, answer)


def ask(predictor: Predictor, image: Pixels, probabilities: bool, uncertainty: bool) -> tuple[Pixels, Answer]:
    """The mask of an image, with probabilities and variance if they are wanted."""
    if uncertainty:
        (mean,), (variance,) = predictor.uncertainty([image])
        return most_likely(mean), Answer(None, mean, variance)
    if probabilities:
        found = predictor.probabilities([image])[0]
        return most_likely(found), Answer(None, found)
    return predictor.classes_of([image])[0], Answer(None)
