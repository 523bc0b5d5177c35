"""What a network says of one image, how people see it, and the files that it becomes."""

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
from segnet.inference.polygon_files import EACH, Coco, Drawn
from segnet.inference.polygons import regions_of
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import most_likely
from segnet.inference.tiff_stack import TiffStack
from segnet.inference.video.frames import Answer, Segmented, check_varies


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of one image. In a notebook it shows itself as its overlay with a legend.

    Attributes:
        name: of the image, without a suffix; files that are saved begin with it.
        image: ``(H, W, 3)`` uint8 RGB.
        mask: class indices ``(H, W)`` uint8.
        predictor: made the mask.
        look: how it is drawn.
        answer: probabilities ``(C, H, W)`` and their variance ``(H, W)`` float32, as far as the network was asked for
            them together with the mask.
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

        The network runs once more when this is asked for, with other dropout samples where it samples: most callers
        want the mask alone, which takes less.
        """
        known = self.answer.probabilities
        return self.predictor.probabilities([self.image])[0] if known is None else known

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the class in the mask, ``(H, W)`` float32, 0–1; see :attr:`probabilities`."""
        indices = self.mask[None].astype(np.intp)
        return np.asarray(np.take_along_axis(self.probabilities, indices, axis=0)[0], np.float32)

    def drawn(self) -> Pixels:
        """What its look says, ``(H', W', 3)`` uint8 RGB: usually the overlay above a legend with the shares."""
        found = Segmented(self.mask, np.array(list(self.shares.values())), self.answer.uncertainty)
        return self.look.painter(self.classes)(self.image, found)

    def save(self, folder: str | Path, **also: Any) -> list[Path]:
        """Write ``NAME_mask.png``, class indices, and ``NAME_overlay.png``, with a legend; the folder is made.

        Args:
            folder: for the files.
            also: what else is written, as in ``confidence=16``: the attributes of
                :class:`segnet.inference.outputs.Outputs`.

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
        """What becomes an image, with its palette."""
        found: dict[str, tuple[Grey, Pixels | None]] = {
            "_mask": (self.mask, self.classes.palette),
            "_overlay": (self.drawn(), None),
        }
        if outputs.confidence:
            found["_confidence"] = as_levels(self.confidence, outputs.confidence), None
        return found

    def other_files(self, outputs: Outputs, file: str = "", coco: Coco | None = None) -> dict[str, bytes]:
        """What becomes no image."""
        found: dict[str, bytes] = {}
        if outputs.probabilities:
            found["_probabilities.npy"] = as_npy(self.probabilities.astype(np.float16))
        if outputs.polygons in EACH:
            suffix, write = EACH[outputs.polygons]
            found[suffix] = write(self.outlined(outputs, file)).encode()
        if outputs.polygons == "coco":
            document = coco or Coco()
            document.add(self.outlined(outputs, file))
            if not coco:
                found["_coco.json"] = document.content(self.classes).encode()
        return found

    def outlined(self, outputs: Outputs, file: str) -> Drawn:
        """The regions of the classes that are shown; the background is what none covers."""
        names = self.classes.names
        shown = [index for index in self.look.shown(self.classes) if names[index].lower() != "background"]
        regions = regions_of(self.mask, shown, outputs.min_area, outputs.tolerance)
        return Drawn(file, self.image, regions, self.classes)

    def _repr_png_(self) -> bytes:
        return as_png(self.drawn())


def files_of(
    pages: Iterable[Prediction], outputs: Outputs, stacked: bool = False, file: str = "", coco: Coco | None = None
) -> dict[str, bytes]:
    """The contents by what follows the image's name.

    Args:
        pages: the image's prediction; of a TIFF stack, those of its pages, of which one at a time is in memory.
        outputs: what is written beside mask and overlay.
        stacked: the images become TIFF stacks again; what is no image has a file for each page.
        file: path of the image as files of polygons are to give it; empty for one that is no file.
        coco: notes the outlines, where all images share one file; else each has its own.
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
    """The prediction of each image, made when it is asked for; no two have the same name.

    Args:
        predictor: runs on the images.
        images: of any size.
        look: how they are drawn; None: as overlays.
        probabilities: the network is asked for them too, in the same pass.

    Raises:
        UserError: one of them is no image, or the look cannot be had.
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
    """The mask of an image, and what else is wanted of it."""
    if uncertainty:
        (mean,), (variance,) = predictor.uncertainty([image])
        return most_likely(mean), Answer(None, mean, variance)
    if probabilities:
        found = predictor.probabilities([image])[0]
        return most_likely(found), Answer(None, found)
    return predictor.classes_of([image])[0], Answer(None)
