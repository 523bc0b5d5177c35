"""The predictions of many images in a folder."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from segnet.datasets.classes import ClassSet
from segnet.files import write_atomically
from segnet.inference.any_image import Names
from segnet.inference.image_input import ImageInput
from segnet.inference.large_image import Target, segment_large
from segnet.inference.look import Look
from segnet.inference.outputs import Outputs
from segnet.inference.polygon_files import Coco
from segnet.inference.prediction import Prediction, files_of
from segnet.inference.predictor import Predictor


class OutputFolder:
    """Writes the predictions of many images, in the same folders as the images.

    Args:
        folder: must exist.
        outputs: the files to write.
        images: all images.

    Attributes:
        rows: of each written image the class shares, and the mask's path in the folder.
    """

    def __init__(self, folder: Path, outputs: Outputs, images: Sequence[ImageInput]) -> None:
        self.folder, self.outputs = folder, outputs
        self.names: dict[Path, Names] = {}
        self.coco = Coco() if outputs.polygons == "coco" else None
        places = {str(image.path.absolute().parent) for image in images if not image.origin}
        self.root = os.path.commonpath(places) if self.coco and places else str(folder.absolute())
        self.rows: list[dict[str, Any]] = []

    def write(self, image: ImageInput, pages: Iterable[Prediction], stacked: bool) -> None:
        """Write the files of an image. If its prediction fails, nothing is written."""
        target = self._target(image)
        shares = []

        def noted() -> Iterable[Prediction]:
            for page in pages:
                shares.append(page.shares)
                yield page

        files = files_of(noted(), self.outputs, stacked, target.file, self.coco)
        target.folder.mkdir(parents=True, exist_ok=True)
        for ending, content in files.items():
            write_atomically(target.folder / f"{target.name}{ending}", content)
        for number, of_page in enumerate(shares):
            self._note(image, target, of_page, **({"page": number} if stacked else {}))

    def write_large(self, image: ImageInput, predictor: Predictor, look: Look) -> None:
        """Write the files of an image that is read in parts.

        Raises:
            UserError: the image cannot be read in parts, or memory is full. Nothing is written then.
        """
        target = self._target(image)
        target.folder.mkdir(parents=True, exist_ok=True)
        shares = segment_large(predictor, image.path, look, self.outputs, target)
        self._note(image, target, dict(zip(predictor.classes.names, shares.tolist(), strict=True)))

    def _target(self, image: ImageInput) -> Target:
        name = self.names.setdefault(image.below, Names()).free_for(image.path)
        place = self.folder / image.below
        # COCO's paths are relative to the images' own folder, and labelme's paths to the polygons' file.
        start = self.root if self.coco else place.absolute()
        file = "" if image.origin else Path(os.path.relpath(image.path.absolute(), start)).as_posix()
        if self.coco and image.origin:
            file = image.path.name
        return Target(place, name, file, self.coco)

    def _note(self, image: ImageInput, target: Target, shares: Mapping[str, float], **also: int) -> None:
        rounded = {name: round(share, 4) for name, share in shares.items()}
        mask = f"{target.name}_mask.{'tif' if also else 'png'}"
        self.rows.append({"image": image.named, **also, "mask": (image.below / mask).as_posix(), "shares": rounded})

    def finish(self, classes: ClassSet) -> None:
        """Write the files for all images together: COCO's file, or the names of YOLO's classes."""
        if not self.rows:
            return
        if self.coco:
            write_atomically(self.folder / "annotations.json", self.coco.content(classes))
        if self.outputs.polygons == "yolo":
            write_atomically(self.folder / "classes.txt", "".join(f"{name}\n" for name in classes.names))
