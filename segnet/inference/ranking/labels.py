"""Labelled images in the order of likely label errors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluate import check_classes, read_samples
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.images import check_several
from segnet.inference.ranking.view import View
from segnet.inference.tensors import most_likely
from segnet.metrics import confusion_matrix

TEMPERATURE = 0.1
"""Of the soft minimum, as in the paper; pixels that are 0.1 more confident weigh a third."""


@dataclass(frozen=True)
class RankedLabels:
    """A labelled image and how far the network believes its labels.

    Attributes:
        index: in the data set.
        pair: the files.
        score: see :func:`label_score`, 0–1; low is doubtful.
        against: share of the labelled pixels to which the network gives another class, 0–1.
        labelled: the label of the most frequent such pair; empty: there is none.
        predicted: the network's class there.
    """

    index: int
    pair: Pair
    score: float
    against: float
    labelled: str
    predicted: str


@dataclass(frozen=True, eq=False)
class LabelRanking:
    """Labelled images, the most doubtful at the head.

    Attributes:
        images: in order.
        predictor: gave the probabilities.
        dataset: the images and their labels.
        left_out: why images were left out, a line each.
    """

    images: Sequence[RankedLabels]
    predictor: Predictor = field(repr=False)
    dataset: ImagesAndMasks = field(repr=False)
    left_out: Sequence[str] = ()

    @property
    def classes(self) -> ClassSet:
        return self.dataset.classes

    @property
    def scores(self) -> list[float]:
        """In order."""
        return [image.score for image in self.images]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``ranking.csv``."""
        return [
            {
                "rank": rank,
                "file": str(image.pair.image),
                "score": round(image.score, 6),
                "mask": str(image.pair.mask),
                "against": round(image.against, 6),
                "labelled": image.labelled,
                "predicted": image.predicted,
            }
            for rank, image in enumerate(self.images, start=1)
        ]

    def views(self, count: int) -> Iterator[View]:
        """The first images with their maps; the network runs again for each."""
        for image in self.images[:count]:
            sample = self.dataset[image.index]
            probabilities = self.predictor.probabilities([sample.image])[0]
            doubt = np.zeros(sample.mask.shape, np.float32)
            labelled = sample.mask != self.classes.ignore_index
            doubt[labelled] = 1 - label_confidence(probabilities, sample.mask, labelled)
            most = f", most often {image.labelled} as {image.predicted}" if image.labelled else ""
            title = f"score {image.score:.4f}, {100 * image.against:.1f} % of the pixels predicted otherwise{most}"
            yield View(sample.name, title, sample.image, sample.mask, most_likely(probabilities), doubt)


def rank_labels(
    predictor: Predictor,
    dataset: ImagesAndMasks,
    progress: Callable[[int, int], None] | None = None,
    skip_errors: bool = False,
) -> LabelRanking:
    """Put labelled images into the order in which to check their labels.

    Args:
        predictor: of the data set's classes; best trained on other images, since a network learns errors by heart.
        dataset: two or more images with masks.
        progress: called with (images done, images) after each.
        skip_errors: leave out the samples that cannot be read, and name them in the result.

    Raises:
        UserError: the model has other classes, fewer than two samples, or one that cannot be read.
    """
    check_classes(predictor.classes.names, dataset.classes.names)
    ranked, left_out = [], dict[int, str]()
    for index, sample in read_samples(dataset, left_out if skip_errors else None):
        probabilities = predictor.probabilities([sample.image])[0]
        score = label_score(label_confidence(probabilities, sample.mask, sample.mask != dataset.classes.ignore_index))
        against = contradictions(most_likely(probabilities), sample.mask, dataset.classes)
        ranked.append(RankedLabels(index, dataset.pairs[index], score, *against))
        if progress:
            progress(index + 1, len(dataset))
    problems = list(left_out.values())
    check_several(len(ranked), problems)
    return LabelRanking(sorted(ranked, key=lambda image: image.score), predictor, dataset, problems)


def label_confidence(
    probabilities: NDArray[np.float32], mask: Pixels, labelled: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The probability ``(n,)`` that the network ``(C, H, W)`` gives to each labelled pixel's own label."""
    rows, columns = np.nonzero(labelled)
    return probabilities[mask[rows, columns], rows, columns]


def label_score(confidence: NDArray[np.float32]) -> float:
    """The soft minimum of the labels' probabilities ``(n,)``, 0–1; without labels 1, as none can be wrong.

    A mean over all pixels would hide a small object among many right pixels, and a minimum would be decided by one
    pixel. The soft minimum weighs each pixel by ``exp((1 - confidence) / 0.1)``. Of the scores that Lad and Mueller
    compare for segmentation (arXiv 2307.05080, section 3), it finds the most errors; the idea that a model's own
    confidence finds them is confident learning (Northcutt et al., arXiv 1911.00068).
    """
    if not confidence.size:
        return 1.0
    doubt = (1 - confidence.astype(np.float64)) / TEMPERATURE
    weights = np.exp(doubt - doubt.max())
    return float((weights * confidence).sum() / weights.sum())


def contradictions(prediction: Pixels, mask: Pixels, classes: ClassSet) -> tuple[float, str, str]:
    """Share of the labelled pixels with another predicted class, and the most frequent pair of label and prediction."""
    matrix = confusion_matrix(prediction, mask, len(classes), classes.ignore_index)
    total = matrix.sum()
    np.fill_diagonal(matrix, 0)
    if not matrix.any():
        return 0.0, "", ""
    label, predicted = np.unravel_index(int(matrix.argmax()), matrix.shape)
    return float(matrix.sum() / total), classes.names[label], classes.names[predicted]
