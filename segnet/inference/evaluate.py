"""Measure a network on a data set, in one pass over its images."""

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import nearest_name
from segnet.datasets.image_files import as_png
from segnet.datasets.merging import Merge, in_order_of, merge_classes, only_known
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.errors import UserError
from segnet.inference.certainty import CertaintyBins
from segnet.inference.evaluation import Evaluation
from segnet.inference.memory import full_memory_named
from segnet.inference.predictor import Predictor
from segnet.metrics import boundary_f1, confusion_matrix

MERGE = (
    "measure it on data of its own classes, or bring the classes of both together with "
    "segnet evaluate --merge NAME=CLASS,CLASS"
)


def evaluate(
    predictor: Predictor,
    dataset: ImagesAndMasks,
    progress: Callable[[int, int], None] | None = None,
    skip_errors: bool = False,
) -> Evaluation:
    """Measure ``predictor`` on ``dataset``, one image at a time, at the labels' own resolution.

    Args:
        predictor: its model must have the data set's classes.
        dataset: images and masks.
        progress: called with (images done, images) after each.
        skip_errors: leave out samples that cannot be read, and list them in the result.

    Raises:
        UserError: the model has other classes, or a sample cannot be read; with ``skip_errors``, no sample can be read.
    """
    classes = dataset.classes
    check_classes(predictor.classes.names, classes.names, MERGE)
    certainty_bins = CertaintyBins(sampled=predictor.samples > 1)
    names, matrices, boundaries, predictions = [], [], [], []
    left_out: dict[int, str] = {}
    seconds = 0.0
    for index, sample in read_samples(dataset, left_out if skip_errors else None):
        before = time.perf_counter()
        with full_memory_named(sample.name):
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
    """All samples with their indices. Samples that cannot be read go into ``left_out``.

    Raises:
        UserError: a sample cannot be read, and ``left_out`` is None.
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
    """Probabilities ``(C, H, W)`` of one image and, for a sampled network, their variance ``(H, W)``."""
    if predictor.samples == 1:
        return predictor.probabilities([image])[0], None
    (probabilities,), (variance,) = predictor.uncertainty([image])
    return probabilities, variance


def check_classes(
    of_model: tuple[str, ...], of_data: tuple[str, ...], advice: str = "give data of its own classes"
) -> None:
    """Raise UserError with ``advice`` if a model and data have other classes, or another order of them."""
    if of_model != of_data:
        raise UserError(
            f"the model knows {len(of_model)} classes ({', '.join(of_model[:3])}, ...), the data {len(of_data)} "
            f"({', '.join(of_data[:3])}, ...); {advice}"
        )


def merged_like(predictor: Predictor, dataset: ImagesAndMasks, merge: Merge) -> ImagesAndMasks:
    """The data with their classes merged like the predictor's, and in the same order.

    Raises:
        UserError: neither the model nor the data have a class of this name.
    """
    known = [*dict.fromkeys([*predictor.model.info.class_names, *dataset.classes.names])]
    for name, members in merge.items():
        for member in members:
            if member not in known:
                raise UserError(f"--merge {name}: no class {member!r}{nearest_name(member, known)}")
    merged = merge_classes(dataset, only_known(merge, dataset.classes.names), setting="--merge ")
    return in_order_of(merged, predictor.classes.names)
