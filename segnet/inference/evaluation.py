"""The result of measuring a network on a data set."""

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import read_mask
from segnet.errors import UserError
from segnet.files import write_atomically
from segnet.metrics import CalibrationBins, SegmentationScores
from segnet.metrics.scores import mean_of_present, number_or_none


@dataclass
class Evaluation:
    """The result of a network on each image. Every measure can be computed from it, and every image drawn again.

    Attributes:
        classes: names and colours.
        names: names of the n images.
        matrices: ``(n, C, C)`` int64, a confusion matrix for each image, truth in rows.
        boundary: ``(n, C)`` boundary F1, NaN for classes that are not in the image's truth.
        calibration: confidences against hits.
        by_confidence: the same, in bins fine enough to put pixels in order (:mod:`segnet.inference.certainty`).
        predictions: class indices of each image as PNG, at the label's own resolution.
        images_per_second: rate of the network alone, without reading and measuring.
        by_spread: pixels in the order of their standard deviation over dropout samples; None without sampling.
        samples: passes for each image; 1 is one pass without dropout.
        weights_sha256: checksum of the measured ``model.safetensors``; empty if it was not a run's.
        left_out: reasons why samples were not measured, by their index in the data set. ``names`` does not have them.
            They are not saved.
    """

    classes: ClassSet
    names: list[str]
    matrices: NDArray[np.int64]
    boundary: NDArray[np.float64]
    calibration: CalibrationBins
    by_confidence: CalibrationBins
    predictions: list[bytes]
    images_per_second: float
    by_spread: CalibrationBins | None = None
    samples: int = 1
    weights_sha256: str = ""
    left_out: dict[int, str] = field(default_factory=dict)

    @property
    def matrix(self) -> NDArray[np.int64]:
        """The confusion matrix ``(C, C)`` of the whole set."""
        total: NDArray[np.int64] = self.matrices.sum(0)
        return total

    @property
    def scores(self) -> SegmentationScores:
        return SegmentationScores(self.matrix)

    @property
    def image_mean_ious(self) -> NDArray[np.float64]:
        """Mean IoU of each image alone, ``(n,)``. Their mean is not the mean IoU of the whole set."""
        return SegmentationScores(self.matrices).mean_ious

    @property
    def boundary_f1(self) -> float:
        """Mean over the classes of each image, then over the images."""
        return float(mean_of_present(mean_of_present(self.boundary)))

    def prediction(self, number: int) -> NDArray[np.uint8]:
        """Class indices ``(H, W)`` of image ``number``."""
        return read_mask(Path(f"prediction {number}"), self.predictions[number])

    def to_json(self) -> dict[str, Any]:
        """The content of ``metrics.json``. All measures are in 0–1, and None if a class has no value."""
        scores = self.scores
        per_class = scores.per_class(self.classes.names)
        images = (self.matrices.sum(2) > 0).sum(0)
        boundary = mean_of_present(self.boundary.T)
        for index, values in enumerate(per_class.values()):
            values["images"] = int(images[index])
            values["boundary_f1"] = number_or_none(boundary[index])
        return {
            "mean_iou": scores.mean_iou,
            "global_accuracy": scores.global_accuracy,
            "class_accuracy": scores.class_accuracy,
            "boundary_f1": number_or_none(self.boundary_f1),
            "mean_iou_absent_as_zero": scores.mean_iou_absent_as_zero,
            "absent": [self.classes.names[index] for index in scores.absent],
            "expected_calibration_error": self.calibration.expected_calibration_error,
            "images": len(self.names),
            "left_out": list(self.left_out.values()),
            "images_per_second": self.images_per_second,
            "dropout_samples": self.samples,
            "weights_sha256": self.weights_sha256 or None,
            "per_class": per_class,
            "confusion": self.matrix.tolist(),
            "definitions": DEFINITIONS,
        }

    def _repr_html_(self) -> str:
        from segnet.inference.evaluation_table import evaluation_table
        from segnet.terminal import as_html

        return as_html(evaluation_table(self.to_json()))

    def save(self, path: Path) -> None:
        """Write everything but ``left_out`` to an ``.npz`` file."""
        buffer = io.BytesIO()
        lengths = [len(prediction) for prediction in self.predictions]
        np.savez_compressed(
            buffer,
            class_names=np.array(self.classes.names),
            class_colors=np.array(self.classes.colors, np.uint8),
            ignore_index=self.classes.ignore_index,
            names=np.array(self.names),
            matrices=self.matrices,
            boundary=self.boundary,
            calibration=self.calibration.to_array(),
            by_confidence=self.by_confidence.to_array(),
            by_spread=self.by_spread.to_array() if self.by_spread else np.empty((3, 0)),
            predictions=np.frombuffer(b"".join(self.predictions), np.uint8),
            prediction_ends=np.cumsum(lengths),
            images_per_second=self.images_per_second,
            samples=self.samples,
            weights_sha256=self.weights_sha256,
        )
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Evaluation":
        """Read what :meth:`save` wrote.

        Raises:
            UserError: it is no such file.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                content = dict(file)
            colors = tuple((int(r), int(g), int(b)) for r, g, b in content["class_colors"])
            ends = content["prediction_ends"]
            return cls(
                classes=ClassSet(tuple(map(str, content["class_names"])), colors, int(content["ignore_index"])),
                names=[str(name) for name in content["names"]],
                matrices=content["matrices"],
                boundary=content["boundary"],
                calibration=CalibrationBins.from_array(content["calibration"]),
                by_confidence=CalibrationBins.from_array(content["by_confidence"]),
                by_spread=CalibrationBins.from_array(content["by_spread"]) if content["by_spread"].size else None,
                predictions=[part.tobytes() for part in np.split(content["predictions"], ends[:-1])],
                images_per_second=float(content["images_per_second"]),
                samples=int(content["samples"]),
                weights_sha256=str(content["weights_sha256"]),
            )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: not an evaluation of this program ({error}); measure the run again") from None


DEFINITIONS = {
    "mean_iou": "mean over the classes in truth or prediction of TP / (TP + FP + FN), one confusion matrix of the set",
    "class_accuracy": "mean over the classes in the truth of their recall",
    "boundary_f1": "Csurka et al. 2013, tolerance 0.75 % of the diagonal, distance matching, classes in the truth",
}
