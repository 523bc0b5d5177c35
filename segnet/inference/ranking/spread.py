"""Spread a ranking over different scenes: farthest first, by the encoder's features."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segnet.errors import UserError
from segnet.inference.backends.torch_backend import TorchBackend
from segnet.inference.predictor import Predictor
from segnet.nn.stages import Staged


class EncoderFeatures:
    """One vector for each image: the encoder's deepest maps, averaged over places and passes."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def keep(self, _module: nn.Module, _given: tuple[Tensor], output: Any) -> None:
        # The encoders of segmentation-models-pytorch return the maps of all levels.
        deepest = output if isinstance(output, Tensor) else output[-1]
        self.seen.append(deepest.float().mean((0, 2, 3)).cpu())

    def take(self) -> NDArray[np.float32]:
        """The features ``(D,)`` of everything that passed the encoder since the last call."""
        vector = torch.stack(self.seen).mean(0)
        self.seen.clear()
        return np.asarray(vector)


@contextmanager
def encoder_features(predictor: Predictor) -> Iterator[EncoderFeatures]:
    """Keep the encoder's features of every image that ``predictor`` gets inside the ``with`` block.

    Raises:
        UserError: the predictor does not run in plain PyTorch, so its modules are not accessible.
    """
    backend = predictor.backend
    if not isinstance(backend, TorchBackend) or backend.is_compiled:
        raise UserError(
            f"{backend.description}: the spread over scenes needs the encoder's features, which an exported or "
            "compiled graph does not give; give the run folder, and leave --backend out"
        )
    features = EncoderFeatures()
    handle = encoder_of(backend.network).register_forward_hook(features.keep)
    try:
        yield features
    finally:
        handle.remove()


def encoder_of(network: nn.Module) -> nn.Module:
    """The part of a network that returns the encoder's deepest maps."""
    return network.stages[-1][0] if isinstance(network, Staged) else network.get_submodule("model.encoder")


def farthest_first(
    features: NDArray[np.float32], scores: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Order images so that the first ones have high scores and show different scenes.

    The first image has the highest score. Each next image has the highest product of its score and its distance to the
    nearest image before it. Without the scores, this is the greedy k-center method of Sener and Savarese (arXiv
    1708.00489, algorithm 1).

    Args:
        features: features ``(N, D)`` of at least one image.
        scores: scores ``(N,)``, not negative.

    Returns:
        The indices of all images in order, and the distance of each to the nearest image before it. The first distance
        is infinite.
    """
    distances = np.full(len(scores), np.inf)
    order, found = [int(np.argmax(scores))], [np.inf]
    left = np.ones(len(scores), bool)
    for _ in range(len(scores) - 1):
        left[order[-1]] = False
        distances = np.minimum(distances, np.linalg.norm(features - features[order[-1]], axis=1))
        gains = np.where(left, scores * distances, -1.0)
        # Equal images have equal gains. The one with the higher score comes first.
        best = np.flatnonzero(gains == gains.max())
        order.append(int(best[np.argmax(scores[best])]))
        found.append(float(distances[order[-1]]))
    return np.array(order), np.array(found)
