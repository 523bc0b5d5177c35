"""Images spread over different scenes: by the encoder's features, farthest first."""

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
    """The mean of the encoder's deepest maps over places and passes, a vector for each image."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def keep(self, _module: nn.Module, _given: tuple[Tensor], output: Any) -> None:
        # Encoders of segmentation-models-pytorch give the maps of all levels.
        deepest = output if isinstance(output, Tensor) else output[-1]
        self.seen.append(deepest.float().mean((0, 2, 3)).cpu())

    def take(self) -> NDArray[np.float32]:
        """Features ``(D,)`` of all that passed the encoder since the last call."""
        vector = torch.stack(self.seen).mean(0)
        self.seen.clear()
        return np.asarray(vector)


@contextmanager
def encoder_features(predictor: Predictor) -> Iterator[EncoderFeatures]:
    """Keep the encoder's features of every image that ``predictor`` sees meanwhile.

    Raises:
        UserError: it does not run in plain PyTorch, whose modules alone can be looked into.
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
    """The part of a network whose output are the encoder's deepest maps."""
    return network.stages[-1][0] if isinstance(network, Staged) else network.get_submodule("model.encoder")


def farthest_first(
    features: NDArray[np.float32], scores: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Images in an order whose every beginning has high scores and different scenes.

    The first is the image of the highest score. Each next one has the highest product of its score and its distance to
    the nearest image before it. Without the score this is the greedy k-center of Sener and Savarese (arXiv 1708.00489,
    algorithm 1).

    Args:
        features: ``(N, D)``, at least one image.
        scores: ``(N,)``, not negative.

    Returns:
        The indices of all images in order, and the distance of each to the nearest before it; the first has infinity.
    """
    distances = np.full(len(scores), np.inf)
    order, found = [int(np.argmax(scores))], [np.inf]
    left = np.ones(len(scores), bool)
    for _ in range(len(scores) - 1):
        left[order[-1]] = False
        distances = np.minimum(distances, np.linalg.norm(features - features[order[-1]], axis=1))
        gains = np.where(left, scores * distances, -1.0)
        # Of equal gains, as of images that are the same, the higher score comes first.
        best = np.flatnonzero(gains == gains.max())
        order.append(int(best[np.argmax(scores[best])]))
        found.append(float(distances[order[-1]]))
    return np.array(order), np.array(found)
