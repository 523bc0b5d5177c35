"""A network's doubt about each pixel of an image, and the disagreement of its passes."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import most_likely


class Doubt(NamedTuple):
    """The classes of an image and the doubt about each pixel.

    Attributes:
        mask: class indices ``(H, W)`` uint8.
        disagreement: mutual information of class and pass, ``(H, W)`` float32, nats. It is the entropy of the mean
            softmax minus the mean entropy of the passes. Over dropout samples it is BALD (Houlsby et al., arXiv
            1112.5745; Gal et al., arXiv 1703.02910, section 3). It is high where each pass is sure of another class.
        entropy: entropy of the mean softmax, ``(H, W)`` float32, nats. It is the disagreement plus the doubt that all
            passes share.
        is_sampled: whether the passes are dropout samples.
    """

    mask: Pixels
    disagreement: NDArray[np.float32]
    entropy: NDArray[np.float32]
    is_sampled: bool

    @property
    def map(self) -> NDArray[np.float32]:
        """The value of a label at each pixel, ``(H, W)`` float32, nats.

        Dropout samples stand for networks that all fit the labels so far. Where they disagree, a new label decides.
        Flips and scales are views of one network. The doubt that all its views share then counts, too.
        """
        return self.disagreement if self.is_sampled else self.entropy


def doubt_of(predictor: Predictor, image: Pixels) -> Doubt:
    """The doubt about an image ``(H, W, 3)`` uint8 RGB. Each call draws the same dropout samples."""
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(0)
        (mean,), (of_passes,) = predictor.entropies([image])
    entropy = np.asarray(torch.special.entr(torch.from_numpy(mean)).sum(0))
    # Rounding may bring the difference of two equal entropies below zero.
    return Doubt(most_likely(mean), np.maximum(entropy - of_passes, 0), entropy, predictor.samples > 1)
