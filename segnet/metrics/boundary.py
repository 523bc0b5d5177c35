"""Boundary F1: how well a prediction's contours follow the truth's.

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
"""Distance at which a boundary is still hit, as a share of the image's diagonal, as in the paper."""


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

    A class's boundary is its pixels beside a pixel of another class (4 neighbours). Neither the image's edge nor
    the edge of an ignored area is a boundary, and nothing predicted on ignored pixels counts. A class that is
    counted but has no boundary on one side scores 0, on neither side 1.

    Args:
        prediction: ``(H, W)`` class indices.
        mask: ``(H, W)`` class indices and ``ignore_index``.
        num_classes: classes 0 to ``num_classes - 1``.
        ignore_index: label left out.
        tolerance: distance at which a boundary is still hit, as a share of the image's diagonal.
        matching: ``distance``: a pixel is a hit if the other boundary has one within the tolerance; ``one_to_one``:
            each pixel may serve as one other's hit, as in the BSDS benchmark and the SegNet authors' script.
        classes: count the classes in the ``truth``, as the paper's text, or in truth or prediction (``union``), as
            the authors' script.

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
    """Pixels beside one of another class; ignored pixels are no class."""
    found = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        before, after = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        differ = (before != after) & (before != ignore_index) & (after != ignore_index)
        view = np.moveaxis(found, axis, 0)
        view[:-1] |= differ
        view[1:] |= differ
    return found


def hits_within(predicted: NDArray[np.bool_], true: NDArray[np.bool_], radius: float) -> tuple[int, int]:
    """Pixels of each boundary that have one of the other within ``radius``."""
    return int((predicted & near(true, radius)).sum()), int((true & near(predicted, radius)).sum())


def near(boundary: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Pixels that have one of ``boundary`` within ``radius``."""
    # A dilation by the disk of that radius marks the same pixels as a distance transform, in a hundredth of the time.
    reach = np.arange(-int(radius), int(radius) + 1)
    disk = (reach[:, None] ** 2 + reach**2 <= radius**2).view(np.uint8)
    return cv2.dilate(boundary.view(np.uint8), disk).view(np.bool_)


def hits_one_to_one(predicted: NDArray[np.bool_], true: NDArray[np.bool_], radius: float) -> tuple[int, int]:
    """The largest number of pairs within ``radius`` in which no pixel occurs twice; the same for both sides."""
    first, second = np.argwhere(predicted), np.argwhere(true)
    pairs = cKDTree(first).sparse_distance_matrix(cKDTree(second), radius, output_type="coo_matrix")
    # As the largest flow from a source over one set and the other to a sink; SciPy's own bipartite matching takes
    # minutes for some contours of a thousand pixels.
    source, sink = len(first) + len(second), len(first) + len(second) + 1
    tails = np.concatenate([np.full(len(first), source), pairs.row, np.arange(len(first), source)])
    heads = np.concatenate([np.arange(len(first)), len(first) + pairs.col, np.full(len(second), sink)])
    graph = csr_array((np.ones(len(tails), np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    matched = int(maximum_flow(graph, source, sink, method="dinic").flow_value)
    return matched, matched
