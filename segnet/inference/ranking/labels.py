"""Rank labelled images by how likely their labels are wrong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluate import check_classes, read_samples
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.images import check_several
from segnet.inference.ranking.label_scores import Worst, confidence_map, soft_minimum, worst_window
from segnet.inference.ranking.view import View
from segnet.inference.tensors import most_likely
from segnet.metrics import confusion_matrix


@dataclass(frozen=True)
class RankedLabels:
    """A labelled image, and how well its labels agree with the network.

    Attributes:
        index: index of the image in the data set.
        pair: its files.
        worst: the window whose labels are most doubtful; its score ranks the image.
        soft_minimum: the score of cleanlab, 0–1.
        against: share of the labelled pixels for which the network predicts another class, 0–1.
        labelled: name of the label that most of these pixels have; empty if there are none.
        predicted: name of the class that the network predicts there.
    """

    index: int
    pair: Pair
    worst: Worst
    soft_minimum: float
    against: float
    labelled: str
    predicted: str

    @property
    def score(self) -> float:
        """0–1; a low score means doubtful labels."""
        return self.worst.score


@dataclass(frozen=True, eq=False)
class LabelRanking:
    """Labelled images in the order in which to check their labels.

    Attributes:
        images: the images in order.
        predictor: the predictor that gave the probabilities.
        dataset: the images and their labels.
        left_out: a line for each image that was left out, with the reason.
    """

    images: Sequence[RankedLabels]
    predictor: Predictor = field(repr=False)
    dataset: ImagesAndMasks = field(repr=False)
    left_out: Sequence[str] = ()

    @property
    def classes(self) -> ClassSet:
        return self.dataset.classes

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``ranking.csv``."""
        return [
            {
                "rank": rank,
                "file": str(image.pair.image),
                "score": round(image.score, 6),
                "mask": str(image.pair.mask),
                "x": image.worst.x,
                "y": image.worst.y,
                "soft_minimum": round(image.soft_minimum, 6),
                "against": round(image.against, 6),
                "labelled": image.labelled,
                "predicted": image.predicted,
            }
            for rank, image in enumerate(self.images, start=1)
        ]

    def views(self, count: int) -> Iterator[View]:
        """The first ``count`` images with their maps. The network runs again for each."""
        for image in self.images[:count]:
            sample = self.dataset[image.index]
            probabilities = self.predictor.probabilities([sample.image])[0]
            doubt = 1 - confidence_map(probabilities, sample.mask, self.classes.ignore_index)
            most = f", most often {image.labelled} as {image.predicted}" if image.labelled else ""
            where = f"lowest at x {image.worst.x}, y {image.worst.y}"
            title = (
                f"score {image.score:.4f}, {where}; {100 * image.against:.1f} % of the pixels predicted otherwise{most}"
            )
            yield View(sample.name, title, sample.image, sample.mask, most_likely(probabilities), doubt)


def rank_labels(
    predictor: Predictor,
    dataset: ImagesAndMasks,
    progress: Callable[[int, int], None] | None = None,
    skip_errors: bool = False,
) -> LabelRanking:
    """Put labelled images into the order in which to check their labels.

    Args:
        predictor: a predictor for the data set's classes. Train it on other images if you can, because a network
            learns wrong labels by heart.
        dataset: two or more images with masks.
        progress: called with (images done, images) after each image.
        skip_errors: leave out samples that cannot be read, and list them in the result.

    Raises:
        UserError: the model has other classes, there are fewer than two samples, or a sample cannot be read.
    """
    advice = "rank data of its own classes, or give a config whose data.merge makes them"
    check_classes(predictor.classes.names, dataset.classes.names, advice)
    ranked, left_out = [], dict[int, str]()
    for index, sample in read_samples(dataset, left_out if skip_errors else None):
        probabilities = predictor.probabilities([sample.image])[0]
        confidence = confidence_map(probabilities, sample.mask, dataset.classes.ignore_index)
        softly = soft_minimum(confidence[sample.mask != dataset.classes.ignore_index])
        against = contradictions(most_likely(probabilities), sample.mask, dataset.classes)
        ranked.append(RankedLabels(index, dataset.pairs[index], worst_window(confidence), softly, *against))
        if progress:
            progress(index + 1, len(dataset))
    problems = list(left_out.values())
    check_several(len(ranked), problems)
    return LabelRanking(sorted(ranked, key=lambda image: image.score), predictor, dataset, problems)


def contradictions(prediction: Pixels, mask: Pixels, classes: ClassSet) -> tuple[float, str, str]:
    """The share of the labelled pixels whose predicted class is another, and the most frequent such pair of classes.

    Args:
        prediction: class indices ``(H, W)`` uint8.
        mask: labels ``(H, W)`` uint8.
        classes: the classes of both.

    Returns:
        The share, 0–1, and the names of the label and of the predicted class; both are empty if there is no such pair.
    """
    matrix = confusion_matrix(prediction, mask, len(classes), classes.ignore_index)
    total = matrix.sum()
    np.fill_diagonal(matrix, 0)
    if not matrix.any():
        return 0.0, "", ""
    label, predicted = np.unravel_index(int(matrix.argmax()), matrix.shape)
    return float(matrix.sum() / total), classes.names[label], classes.names[predicted]
