"""The images of a page. Each is embedded once, even if several cards show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluation import Evaluation
from segnet.report.gallery import Choice, classes_url, error_map, errors_url, page_size, photo_url


@dataclass(frozen=True)
class StoredImage:
    """An image of the page's store, by its id."""

    id: str
    url: str
    width: int
    height: int


@dataclass(frozen=True)
class Card:
    """An image with its truth, its prediction and its errors. All fields but the texts are ids of images."""

    name: str
    title: str
    focus: str
    width: int
    height: int
    photo: str
    truth: str
    prediction: str
    errors: str


class ImageStore:
    """Makes and stores the images of a page, one at a time."""

    def __init__(self, dataset: ImagesAndMasks) -> None:
        self.dataset = dataset
        self.images: dict[str, StoredImage] = {}

    def cards(self, evaluation: Evaluation, groups: Mapping[str, Sequence[Choice]]) -> dict[str, list[Card]]:
        return {name: [self.card(evaluation, choice) for choice in choices] for name, choices in groups.items()}

    def card(self, evaluation: Evaluation, choice: Choice, run: int = 0) -> Card:
        """The card of one image; ``run`` keeps the predictions of several networks apart."""
        index, classes = choice.number, evaluation.classes
        sample = self.dataset[index]
        prediction = evaluation.prediction(index)
        kinds = error_map(sample.mask, prediction, classes.ignore_index, choice.focus)
        height, width = page_size(sample.mask.shape)
        focus = "" if choice.focus is None else f"-{choice.focus}"
        photo, truth, ours = f"photo-{index}", f"truth-{index}", f"prediction-{run}-{index}"
        errors = f"errors-{run}-{index}{focus}"
        shape = sample.mask.shape
        if photo not in self.images:
            self.add(photo, photo_url(sample.image), shape)
            self.add(truth, classes_url(sample.mask, classes), shape)
        if ours not in self.images:
            self.add(ours, classes_url(prediction, classes), shape)
        self.add(errors, errors_url(kinds, classes), shape)
        name = "" if choice.focus is None else classes.names[choice.focus]
        return Card(sample.name, choice.title, name, width, height, photo, truth, ours, errors)

    def add(self, name: str, url: str, shape: Sequence[int]) -> None:
        height, width = page_size(shape)
        self.images[name] = StoredImage(name, url, width, height)


def scaled_uncertainty(variance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation over the samples, scaled so that its 99.5 % quantile in this image is 1."""
    deviation = np.sqrt(variance)
    top = float(np.quantile(deviation, 0.995))
    scaled: NDArray[np.float32] = np.clip(deviation / max(top, 1e-12), 0, 1)
    return scaled
