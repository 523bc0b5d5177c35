"""Rank unlabelled images by how much their labels would teach."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.inference.any_image import as_pixels
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.doubt import doubt_of
from segnet.inference.ranking.spread import encoder_features, farthest_first
from segnet.inference.ranking.view import View


@dataclass(frozen=True)
class RankedImage:
    """An image and its scores.

    Attributes:
        path: path of the file.
        score: mean over the pixels of :attr:`segnet.inference.ranking.doubt.Doubt.map`, nats.
        disagreement: mean over the pixels, nats.
        entropy: mean over the pixels, nats.
        distance: distance between its features and those of the nearest image before it; infinite for the first.
    """

    path: Path
    score: float
    disagreement: float
    entropy: float
    distance: float = float("inf")


@dataclass(frozen=True, eq=False)
class ImageRanking:
    """Unlabelled images in the order in which to label them.

    Attributes:
        images: the images in order.
        predictor: the predictor whose passes were compared.
        left_out: a line for each image that was left out, with the reason.
    """

    images: Sequence[RankedImage]
    predictor: Predictor = field(repr=False)
    left_out: Sequence[str] = ()

    @property
    def classes(self) -> ClassSet:
        return self.predictor.classes

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``ranking.csv``."""
        return [
            {
                "rank": rank,
                "file": str(image.path),
                "score": round(image.score, 6),
                "disagreement": round(image.disagreement, 6),
                "entropy": round(image.entropy, 6),
                "distance": round(image.distance, 6) if np.isfinite(image.distance) else "",
            }
            for rank, image in enumerate(self.images, start=1)
        ]

    def views(self, count: int) -> Iterator[View]:
        """The first ``count`` images with their maps. The network runs again for each."""
        for image in self.images[:count]:
            pixels = as_pixels(image.path)
            doubt = doubt_of(self.predictor, pixels)
            title = f"score {image.score:.4f}, distance {image.distance:.3g}".removesuffix(", distance inf")
            yield View(image.path.name, title, pixels, None, doubt.mask, doubt.map)


def rank_images(
    predictor: Predictor,
    paths: Sequence[Path],
    progress: Callable[[int, int], None] | None = None,
    skip_errors: bool = False,
) -> ImageRanking:
    """Put unlabelled images into the order in which to label them.

    Args:
        predictor: a predictor in plain PyTorch. If it has a single pass, it sees each image mirrored and at three
            scales.
        paths: paths of two or more images.
        progress: called with (images done, images) after each image.
        skip_errors: leave out images that cannot be read, and list them in the result.

    Raises:
        UserError: fewer than two images, an unreadable image, or a runtime that does not give the encoder's features.
    """
    predictor = predictor.varied()
    scored, vectors, left_out = [], [], []
    with encoder_features(predictor) as features:
        for done, path in enumerate(paths, start=1):
            try:
                doubt = doubt_of(predictor, as_pixels(path))
            except UserError as error:
                if not skip_errors:
                    raise
                left_out.append(str(error))
                features.seen.clear()
                continue
            finally:
                if progress:
                    progress(done, len(paths))
            vectors.append(features.take())
            means = (float(values.mean()) for values in (doubt.map, doubt.disagreement, doubt.entropy))
            scored.append(RankedImage(path, *means))
    check_several(len(scored), left_out)
    order, distances = farthest_first(np.stack(vectors), np.array([image.score for image in scored]))
    ranked = [
        replace(scored[index], distance=float(distance)) for index, distance in zip(order, distances, strict=True)
    ]
    return ImageRanking(ranked, predictor, left_out)


def check_several(images: int, left_out: Sequence[str]) -> None:
    """Refuse to rank fewer than two images.

    Raises:
        UserError: the message has the number of images, and the reason why the first was left out.
    """
    if images < 2:
        why = f" ({len(left_out)} left out; the first: {left_out[0]})" if left_out else ""
        raise UserError(f"{'only 1' if images else 'no'} image to put in order{why}; give two or more")
