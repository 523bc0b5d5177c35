"""Boundary F1 measures how well a prediction's contours follow the truth's.

Csurka et al. 2013, "What is a good evaluation measure for semantic segmentation?"; arXiv 1511.00561, section 4.1.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial import cKDTree

Labels = NDArray[np.uint8]

TOLERANCE = 0.0075
"""The largest distance at which a boundary is hit, as a share of the image's diagonal, as in the paper."""


def boundary_f1(
    prediction: Labels,
    mask: Labels,
    num_classes: int,
    ignore_index: int,
    tolerance: float = TOLERANCE,
    matching: Literal["distance", "one_to_one"] = "distance",
    classes: Literal["truth", "union"] = "truth",
) -> NDArray[np.float64]:
    """F1 of each class's boundary in one image.

    A class's boundary is its pixels beside a pixel of another class (4 neighbours). The edge of the image or of an
    ignored area is no boundary, and predictions on ignored pixels do not count. A counted class scores 0 if only one
    side has a boundary, and 1 if neither has.

    Args:
        prediction: ``(H, W)`` class indices.
        mask: ``(H, W)`` class indices and ``ignore_index``.
        num_classes: classes 0 to ``num_classes - 1``.
        ignore_index: label left out.
        tolerance: largest distance of a hit, as a share of the image's diagonal.
        matching: ``distance``: a pixel is a hit if the other boundary has a pixel within the tolerance. ``one_to_one``:
            each pixel can be the hit of only one other, as in the BSDS benchmark and the SegNet authors' script.
        classes: count the classes in the ``truth``, as in the paper, or in truth or prediction (``union``), as in the
            authors' script.

    Returns:
        ``(num_classes,)``, NaN for a class that is not counted.
    """
    prediction = np.where(mask == ignore_index, np.uint8(ignore_index), prediction)
    radius = tolerance * float(np.hypot(*mask.shape))
    predicted_edges, true_edges = edges(prediction, ignore_index), edges(mask, ignore_index)
    hits = hits_one_to_one if matching == "one_to_one" else hits_within
    scores = np.full(num_classes, np.nan)
    in_truth, in_prediction = np.bincount(mask.ravel(), minlength=256), np.bincount(prediction.ravel(), minlength=256)
    for index in range(num_classes):
        if not in_truth[index] and not (classes == "union" and in_prediction[index]):
            continue
        predicted, true = predicted_edges & (prediction == index), true_edges & (mask == index)
        counts = np.count_nonzero(predicted), np.count_nonzero(true)
        if not all(counts):
            scores[index] = float(not any(counts))
            continue
        precision, recall = np.divide(hits(predicted, true, radius), counts)
        scores[index] = 2 * precision * recall / max(precision + recall, np.finfo(float).tiny)
    return scores


def edges(labels: Labels, ignore_index: int) -> NDArray[np.bool_]:
    """Pixels beside a pixel of another class. Ignored pixels belong to no class."""
    found = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        before, after = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        differ = (before != after) & (before != ignore_index) & (after != ignore_index)
        view = np.moveaxis(found, axis, 0)
        view[:-1] |= differ
        view[1:] |= differ
    return found


def hits_within(predicted: NDArray[np.bool_], true: NDArray[np.bool_], radius: float) -> tuple[int, int]:
    """Pixels of each boundary that have a pixel of the other within ``radius``."""
    return int((predicted & near(true, radius)).sum()), int((true & near(predicted, radius)).sum())


def near(boundary: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Pixels that have a pixel of ``boundary`` within ``radius``."""
    # A dilation by a disk of that radius marks the same pixels as a distance transform, in a hundredth of the time.
    reach = np.arange(-int(radius), int(radius) + 1)
    disk = (reach[:, None] ** 2 + reach**2 <= radius**2).view(np.uint8)
    return cv2.dilate(boundary.view(np.uint8), disk).view(np.bool_)


def hits_one_to_one(predicted: NDArray[np.bool_], true: NDArray[np.bool_], radius: float) -> tuple[int, int]:
    """The largest number of pairs within ``radius`` in which no pixel occurs twice; it is the same for both sides."""
    first, second = np.argwhere(predicted), np.argwhere(true)
    pairs = cKDTree(first).sparse_distance_matrix(cKDTree(second), radius, output_type="coo_matrix")
    # It is the largest flow from a source over one set and the other to a sink. SciPy's own bipartite matching takes
    # minutes for some contours of a thousand pixels.
    source, sink = len(first) + len(second), len(first) + len(second) + 1
    tails = np.concatenate([np.full(len(first), source), pairs.row, np.arange(len(first), source)])
    heads = np.concatenate([np.arange(len(first)), len(first) + pairs.col, np.full(len(second), sink)])
    graph = csr_array((np.ones(len(tails), np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    matched = int(maximum_flow(graph, source, sink, method="dinic").flow_value)
    return matched, matched
