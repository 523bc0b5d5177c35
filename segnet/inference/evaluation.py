"""All measures of a network on a data set, from one pass over its images."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet, nearest_name
from segnet.datasets.image_files import as_png, read_mask
from segnet.datasets.merging import Merge, in_order_of, merge_classes, only_known
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.errors import UserError
from segnet.files import write_atomically
from segnet.inference.predictor import Predictor
from segnet.metrics import CalibrationBins, SegmentationScores, boundary_f1, confusion_matrix
from segnet.metrics.scores import mean_of_present, number_or_none

CALIBRATION_STRIDE = 4
"""Every fourth row and column is enough to bin confidences: neighbours say the same, and it costs a sixteenth."""

ORDER_BINS = 350
"""Of pixels by their certainty: fifty for each power of ten of doubt."""


@dataclass
class Evaluation:
    """What a network did on each image, enough to work out every measure and to draw it again.

    Attributes:
        classes: names and colours.
        names: of the images, n of them.
        matrices: ``(n, C, C)`` int64, a confusion matrix an image, truth in rows.
        boundary: ``(n, C)`` boundary F1, NaN for classes that are not in the image's truth.
        calibration: confidences against hits.
        by_confidence: the same, in bins fine enough to put pixels in order, see :func:`certainty`.
        predictions: class indices of each image as PNG, at the label's own resolution.
        images_per_second: through the network alone, reading and measuring left out.
        by_spread: of a network sampled with dropout, pixels in the order of their standard deviation.
        samples: passes an image; 1 is one without dropout.
        weights_sha256: of the ``model.safetensors`` that was measured; empty where it was no run's.
        left_out: why a sample was not measured, by its index in the data set; ``names`` are without it. Not saved.
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
        """Mean IoU of each image alone, ``(n,)``; the set's is not their mean."""
        return SegmentationScores(self.matrices).mean_ious

    @property
    def boundary_f1(self) -> float:
        """Mean over the classes in each image, then over images."""
        return float(mean_of_present(mean_of_present(self.boundary)))

    def prediction(self, number: int) -> NDArray[np.uint8]:
        """Class indices ``(H, W)`` of image ``number``."""
        return read_mask(Path(f"prediction {number}"), self.predictions[number])

    def to_json(self) -> dict[str, Any]:
        """The content of ``metrics.json``; all measures in 0–1, None where a class has no value."""
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
        """Write all of it to an ``.npz`` file."""
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
            UserError: not such a file.
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
            raise UserError(f"{path}: no evaluation of this program ({error}); measure the run again") from None


DEFINITIONS = {
    "mean_iou": "mean over the classes in truth or prediction of TP / (TP + FP + FN), one confusion matrix of the set",
    "class_accuracy": "mean over the classes in the truth of their recall",
    "boundary_f1": "Csurka et al. 2013, tolerance 0.75 % of the diagonal, distance matching, classes in the truth",
}


def evaluate(
    predictor: Predictor,
    dataset: ImagesAndMasks,
    progress: Callable[[int, int], None] | None = None,
    skip_errors: bool = False,
) -> Evaluation:
    """Measure ``predictor`` on ``dataset``, an image at a time, at the labels' own resolution.

    Args:
        predictor: its model has the data set's classes.
        dataset: images and masks.
        progress: called with (images done, images) after each.
        skip_errors: leave out the samples that cannot be read, and name them in the result.

    Raises:
        UserError: the model was trained for other classes, or a sample cannot be read; with ``skip_errors``, none can.
    """
    classes = dataset.classes
    check_classes(predictor.classes.names, classes.names)
    certainty_bins = CertaintyBins(sampled=predictor.samples > 1)
    names, matrices, boundaries, predictions = [], [], [], []
    left_out: dict[int, str] = {}
    seconds = 0.0
    for index, sample in read_samples(dataset, left_out if skip_errors else None):
        before = time.perf_counter()
        probabilities, variance = answer(predictor, sample.image)
        seconds += time.perf_counter() - before
        prediction = np.asarray(probabilities.argmax(0), np.uint8)
        names.append(sample.name)
        matrices.append(confusion_matrix(prediction, sample.mask, len(classes), classes.ignore_index))
        boundaries.append(boundary_f1(prediction, sample.mask, len(classes), classes.ignore_index))
        predictions.append(as_png(prediction))
        certainty_bins.update(probabilities, variance, sample.mask != classes.ignore_index, prediction == sample.mask)
        if progress:
            progress(index + 1, len(dataset))
    if not names:
        raise UserError(f"none of {len(left_out)} images can be read; the first: {left_out[0]}")
    return Evaluation(
        classes=classes,
        names=names,
        matrices=np.stack(matrices),
        boundary=np.stack(boundaries),
        calibration=certainty_bins.calibration,
        by_confidence=certainty_bins.by_confidence,
        predictions=predictions,
        images_per_second=len(names) / seconds,
        by_spread=certainty_bins.by_spread,
        samples=predictor.samples,
        left_out=left_out,
    )


def read_samples(dataset: ImagesAndMasks, left_out: dict[int, str] | None) -> Iterator[tuple[int, Sample]]:
    """All samples with their indices; those that cannot be read are put into ``left_out``, or raise where it is None.

    Raises:
        UserError: a sample cannot be read.
    """
    for index in range(len(dataset)):
        try:
            sample = dataset[index]
        except UserError as error:
            if left_out is None:
                raise
            left_out[index] = str(error)
            continue
        yield index, sample


def answer(predictor: Predictor, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Probabilities ``(C, H, W)`` of one image and, of a network that is sampled, their variance ``(H, W)``."""
    if predictor.samples == 1:
        return predictor.probabilities([image])[0], None
    (probabilities,), (variance,) = predictor.uncertainty([image])
    return probabilities, variance


class CertaintyBins:
    """How sure a network is of its pixels, against whether it is right, over any number of images.

    Args:
        sampled: there is a variance over dropout samples, by which pixels are put in order too.
    """

    def __init__(self, sampled: bool) -> None:
        self.calibration, self.by_confidence = CalibrationBins(), CalibrationBins(ORDER_BINS)
        self.by_spread = CalibrationBins(ORDER_BINS) if sampled else None

    def update(
        self,
        probabilities: NDArray[np.float32],
        variance: NDArray[np.float32] | None,
        labelled: NDArray[np.bool_],
        correct: NDArray[np.bool_],
    ) -> None:
        """Count one image: ``(C, H, W)``, and three times ``(H, W)``."""
        every = slice(None, None, CALIBRATION_STRIDE)
        some = labelled[every, every]
        confidence, hits = probabilities[:, every, every].max(0)[some], correct[every, every][some]
        self.calibration.update(confidence, hits)
        self.by_confidence.update(certainty(1 - confidence), hits)
        if self.by_spread and variance is not None:
            # A variance of values in 0–1 is at most 1/4: twice its root is in 0–1.
            self.by_spread.update(certainty(2 * np.sqrt(variance[every, every][some])), hits)


def certainty(doubt: NDArray[np.floating]) -> NDArray[np.floating]:
    """Doubt in 0–1 turned round and stretched over seven powers of ten, in 0–1.

    Trained networks are sure of most pixels; bins of equal width would hold nearly all of them in the last.
    """
    return np.asarray(-np.log10(np.clip(doubt, 1e-7, 1)) / 7)


def check_classes(of_model: tuple[str, ...], of_data: tuple[str, ...]) -> None:
    if of_model != of_data:
        raise UserError(
            f"the model knows {len(of_model)} classes ({', '.join(of_model[:3])}, ...), the data {len(of_data)} "
            f"({', '.join(of_data[:3])}, ...); measure it on data of its own classes, "
            "or bring the classes of both together with segnet evaluate --merge NAME=CLASS,CLASS"
        )


def merged_like(predictor: Predictor, dataset: ImagesAndMasks, merge: Merge) -> ImagesAndMasks:
    """The data with its classes merged as the predictor's are, and in their order.

    Raises:
        UserError: a class is neither one of the model nor one of the data.
    """
    known = [*dict.fromkeys([*predictor.model.info.class_names, *dataset.classes.names])]
    for name, members in merge.items():
        for member in members:
            if member not in known:
                raise UserError(f"--merge {name}: no class {member!r}{nearest_name(member, known)}")
    merged = merge_classes(dataset, only_known(merge, dataset.classes.names), setting="--merge ")
    return in_order_of(merged, predictor.classes.names)
