"""The images of a report: photos as JPEG, class and error maps as palette PNG."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segnet.datasets.classes import ClassSet
from segnet.inference.drawing_colors import drawing_colors, drawing_palette
from segnet.inference.evaluation import Evaluation
from segnet.metrics.boundary import TOLERANCE, edges, near

MAX_SIDE = 640
"""Longer images are shrunk for the page. The measures are of the full size."""
JPEG_QUALITY = 82
FAILING_CLASSES, FAILING_IMAGES = 20, 24
"""More classes, or more images for all of them, would make the page too large to send."""

RIGHT, NEAR, FAR, MISSED, INVENTED, HIT, UNLABELLED = range(7)
ERROR_COLORS = {
    NEAR: (0xF0, 0xE4, 0x42),
    FAR: (0xD5, 0x5E, 0x00),
    MISSED: (0x56, 0xB4, 0xE9),
    INVENTED: (0xE6, 0x9F, 0x00),
    HIT: (0xFF, 0xFF, 0xFF),
}
"""Colours of Okabe and Ito, which readers with any colour vision tell apart."""

GREYS = ((0x80, 0x80, 0x80), (0x40, 0x40, 0x40), (0xC8, 0xC8, 0xC8), (0xCC, 0x79, 0xA7))
"""Candidates for pixels without a label. Black would look like a dimmed photograph. The last is no grey, for classes
that take all greys."""

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Choice:
    """An image to show.

    Attributes:
        number: its index in the data set.
        title: the reason why it is shown, in a few words.
        focus: the class whose errors are shown; None: all classes.
    """

    number: int
    title: str
    focus: int | None = None


def extremes(evaluation: Evaluation, count: int = 3) -> dict[str, list[Choice]]:
    """The ``count`` best, middle and worst images by mean IoU, each image once. Images without labels are left out."""
    values = evaluation.image_mean_ious
    order = [int(index) for index in np.argsort(values, kind="stable") if not np.isnan(values[index])]
    worst, rest = order[:count], order[count:]
    best, rest = rest[::-1][:count], rest[: max(0, len(rest) - count)]
    start = max(0, (len(rest) - count) // 2)
    groups = {"Worst": worst, "Median": rest[start : start + count], "Best": best}
    return {
        name: [Choice(index, f"mean IoU {100 * values[index]:.1f} %") for index in numbers]
        for name, numbers in groups.items()
        if numbers
    }


def failures(evaluation: Evaluation) -> dict[str, list[Choice]]:
    """For each class, one or two images with the most of its pixels missed or invented.

    If there are many classes, those of lowest IoU are chosen.
    """
    hits = np.diagonal(evaluation.matrices, axis1=1, axis2=2)
    missed, invented = evaluation.matrices.sum(2) - hits, evaluation.matrices.sum(1) - hits
    # Classes without an IoU sort last.
    count = 2 if 2 * len(evaluation.classes) <= FAILING_IMAGES else 1
    lowest = sorted(np.argsort(evaluation.scores.iou, kind="stable")[:FAILING_CLASSES].tolist())
    chosen = {}
    for index in lowest:
        name = evaluation.classes.names[index]
        wrong = missed[:, index] + invented[:, index]
        worst = [int(image) for image in np.argsort(-wrong, kind="stable")[:count] if wrong[image]]
        if worst:
            chosen[name] = [
                Choice(image, f"{missed[image, index]:,} missed, {invented[image, index]:,} invented", index)
                for image in worst
            ]
    return chosen


def error_map(truth: Labels, prediction: Labels, ignore_index: int, focus: int | None) -> Labels:
    """The kind of error at each pixel, ``(H, W)`` uint8.

    RIGHT, NEAR or FAR from a boundary; with ``focus`` HIT, MISSED, INVENTED.
    """
    kinds = np.full(truth.shape, RIGHT, np.uint8)
    if focus is None:
        wrong = truth != prediction
        # Within the tolerance of the boundary measure, an error is one of outline.
        at_boundary = near(edges(truth, ignore_index), TOLERANCE * float(np.hypot(*truth.shape)))
        kinds[wrong & ~at_boundary] = FAR
        kinds[wrong & at_boundary] = NEAR
    else:
        kinds[(truth == focus) & (prediction == focus)] = HIT
        kinds[(truth == focus) & (prediction != focus)] = MISSED
        kinds[(truth != focus) & (prediction == focus)] = INVENTED
    kinds[truth == ignore_index] = UNLABELLED
    return kinds


def photo_url(image: NDArray[np.uint8]) -> str:
    """An RGB image ``(H, W, 3)`` as JPEG in a data URL, shrunk to the page's size."""
    height, width = page_size(image.shape[:2])
    if (height, width) != image.shape[:2]:
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "jpeg", quality=JPEG_QUALITY, optimize=True)
    return data_url(buffer.getvalue(), "image/jpeg")


def classes_url(labels: Labels, classes: ClassSet) -> str:
    """Class indices as a PNG in the drawing colours; pixels without a class are transparent."""
    return palette_url(labels, drawing_palette(classes), transparent=[n for n in range(256) if n >= len(classes)])


def legend(classes: ClassSet) -> list[tuple[str, tuple[int, int, int]]]:
    """Names and drawing colours of the classes; their own colours are often too dark and alike over photographs."""
    return list(zip(classes.names, drawing_colors(classes), strict=True))


def unlabelled_color(classes: ClassSet) -> tuple[int, int, int]:
    """The colour of pixels without a label: the candidate that is farthest from every class's colour."""
    taken = np.array(drawing_colors(classes), float)
    return max(GREYS, key=lambda color: float(np.abs(taken - color).sum(1).min()))


def errors_url(kinds: Labels, classes: ClassSet) -> str:
    """Kinds of errors as a PNG in their colours; right pixels are transparent."""
    palette = np.zeros((256, 3), np.uint8)
    palette[UNLABELLED] = unlabelled_color(classes)
    for kind, color in ERROR_COLORS.items():
        palette[kind] = color
    return palette_url(kinds, palette, transparent=[RIGHT])


def heat_url(values: NDArray[np.floating]) -> str:
    """Values in 0–1, ``(H, W)``, as a PNG in viridis, whose lightness grows with the value."""
    from matplotlib import colormaps

    steps = np.asarray((values * 63).round(), np.uint8)
    palette = np.zeros((256, 3), np.uint8)
    palette[:64] = (colormaps["viridis"](np.linspace(0, 1, 64))[:, :3] * 255).round()
    return palette_url(steps, palette, transparent=[])


def palette_url(labels: Labels, palette: NDArray[np.uint8], transparent: Sequence[int]) -> str:
    height, width = page_size(labels.shape)
    if (height, width) != labels.shape:
        labels = np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    paletted = Image.fromarray(labels, "P")
    paletted.putpalette(palette.tobytes())
    alpha = bytes(0 if index in transparent else 255 for index in range(256))
    buffer = io.BytesIO()
    paletted.save(buffer, "png", transparency=alpha, optimize=True)
    return data_url(buffer.getvalue(), "image/png")


def page_size(shape: Sequence[int]) -> tuple[int, int]:
    """(H, W) on the page: at most ``MAX_SIDE``, with the same proportions."""
    scale = min(1.0, MAX_SIDE / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
