"""The confusion matrix: the source of all area measures."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

ClassMap = Tensor | NDArray[np.generic]


class ConfusionMatrix:
    """Counts of (truth, prediction) over the labelled pixels of any number of images.

    Args:
        num_classes: classes 0 to ``num_classes - 1``.
        ignore_index: truth label whose pixels do not count.

    Attributes:
        matrix: ``(C, C)`` int64; rows are the truth, columns the prediction.
    """

    def __init__(self, num_classes: int, ignore_index: int) -> None:
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.matrix: NDArray[np.int64] = np.zeros((num_classes, num_classes), np.int64)

    def update(self, prediction: ClassMap, mask: ClassMap) -> None:
        """Count integer maps of the same shape, usually ``(N, H, W)``.

        Raises:
            ValueError: shapes differ, or a label is neither a class nor ``ignore_index``.
        """
        self.matrix += confusion_matrix(prediction, mask, self.num_classes, self.ignore_index)


def confusion_matrix(prediction: ClassMap, mask: ClassMap, num_classes: int, ignore_index: int) -> NDArray[np.int64]:
    """The confusion matrix ``(C, C)`` int64 of one pair of maps; truth in rows.

    Raises:
        ValueError: shapes differ, or a label is neither a class nor ``ignore_index``.
    """
    prediction, mask = torch.as_tensor(prediction), torch.as_tensor(mask)
    if prediction.shape != mask.shape:
        raise ValueError(f"prediction of shape {tuple(prediction.shape)}, mask of {tuple(mask.shape)}")
    labelled = mask != ignore_index
    truth, predicted = mask[labelled].long(), prediction[labelled].long()
    for name, labels in (("mask", truth), ("prediction", predicted)):
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
            raise ValueError(f"{name} holds labels {int(labels.min())} to {int(labels.max())}, classes: {num_classes}")
    counts = torch.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    matrix: NDArray[np.int64] = counts.view(num_classes, num_classes).cpu().numpy()
    return matrix
