"""The numbers of a report: measures with bootstrap intervals over the images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segnet.inference.evaluation import Evaluation
from segnet.metrics import CalibrationBins, SegmentationScores, percentile_interval, resample
from segnet.metrics.scores import mean_of_present
from segnet.report.gallery import legend

SAMPLES = 1000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A value in 0–1 and its 95 % percentile interval over images drawn with replacement.

    Attributes:
        name: its name on the page.
        value: NaN if nothing could be measured.
        low, high: ends of the interval.
        meaning: a line that explains it.
    """

    name: str
    value: float
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class ClassRow:
    """A line of the per-class table. Measures are NaN if a class has none.

    Attributes:
        pixels: pixels of the class in the truth.
        images: images whose truth has the class.
        color: colour of the class, RGB.
    """

    name: str
    color: tuple[int, int, int]
    iou: float
    iou_low: float
    iou_high: float
    recall: float
    precision: float
    boundary_f1: float
    pixels: int
    images: int


@dataclass(frozen=True)
class Summary:
    """All numbers of a page: the headline measures, and a row for each class."""

    measures: list[Measure]
    classes: list[ClassRow]


def summarize(evaluation: Evaluation) -> Summary:
    """Compute the measures and, from one set of draws, the interval of each."""
    scores = evaluation.scores
    draws = SegmentationScores(resample(evaluation.matrices, SAMPLES, seed=0).astype(np.int64))
    boundary = mean_of_present(evaluation.boundary)
    boundary = boundary[~np.isnan(boundary)]
    measures = [
        Measure(
            "Mean IoU",
            scores.mean_iou,
            *percentile_interval(draws.mean_ious),
            "intersection over union, averaged over the classes",
        ),
        Measure(
            "Global accuracy",
            scores.global_accuracy,
            *percentile_interval(draws.global_accuracies),
            "share of the labelled pixels that are right",
        ),
        Measure(
            "Class accuracy",
            scores.class_accuracy,
            *percentile_interval(draws.class_accuracies),
            "recall, averaged over classes",
        ),
        Measure(
            "Boundary F1",
            evaluation.boundary_f1 if boundary.size else float("nan"),
            *percentile_interval(mean_draws(boundary)),
            "contours within 0.75 % of the diagonal, averaged over the images",
        ),
    ]
    return Summary(measures, class_rows(evaluation, draws))


def class_rows(evaluation: Evaluation, draws: SegmentationScores) -> list[ClassRow]:
    scores, classes = evaluation.scores, evaluation.classes
    boundary = mean_of_present(evaluation.boundary.T)
    images = (evaluation.matrices.sum(2) > 0).sum(0)
    pixels = evaluation.matrix.sum(1)
    rows = []
    for index, (name, color) in enumerate(legend(classes)):
        low, high = percentile_interval(draws.iou[:, index])
        rows.append(
            ClassRow(
                name,
                color,
                float(scores.iou[index]),
                low,
                high,
                float(scores.recall[index]),
                float(scores.precision[index]),
                float(boundary[index]),
                int(pixels[index]),
                int(images[index]),
            )
        )
    return rows


def certainties(evaluation: Evaluation) -> dict[str, CalibrationBins]:
    """Bins that order the pixels by certainty, by the name of the order."""
    orders = {"by confidence": evaluation.by_confidence}
    if evaluation.by_spread:
        orders["by spread over dropout samples"] = evaluation.by_spread
    return orders


def mean_draws(values: Floats) -> Floats:
    """Means over images drawn with replacement, ``(SAMPLES,)``; empty if there are no values."""
    if not values.size:
        return values
    return resample(values.reshape(-1, 1, 1), SAMPLES, seed=0)[:, 0, 0] / len(values)  # type: ignore[arg-type]
