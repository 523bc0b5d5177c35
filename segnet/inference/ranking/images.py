"""Unlabelled images in the order of what labelling them would teach."""

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
        path: of the file.
        score: mean over the pixels of :attr:`segnet.inference.ranking.doubt.Doubt.map`, nats.
        disagreement: mean over the pixels, nats.
        entropy: mean over the pixels, nats.
        distance: of its features to those of the nearest image before it; infinite for the first.
    """

    path: Path
    score: float
    disagreement: float
    entropy: float
    distance: float = float("inf")


@dataclass(frozen=True, eq=False)
class ImageRanking:
    """Unlabelled images, the one to label first at the head.

    Attributes:
        images: in order.
        predictor: with the passes whose disagreement was measured.
        left_out: why images were left out, a line each.
    """

    images: Sequence[RankedImage]
    predictor: Predictor = field(repr=False)
    left_out: Sequence[str] = ()

    @property
    def classes(self) -> ClassSet:
        return self.predictor.classes

    @property
    def scores(self) -> list[float]:
        """In order."""
        return [image.score for image in self.images]

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
        """The first images with their maps; the network runs again for each."""
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
        predictor: in plain PyTorch. One with a single pass sees each image mirrored and at three scales.
        paths: of the images, two or more.
        progress: called with (images done, images) after each.
        skip_errors: leave out the images that cannot be read, and name them in the result.

    Raises:
        UserError: fewer than two images, an unreadable one, or a runtime that does not show the encoder's features.
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
    """Refuse to put fewer than two images in order.

    Raises:
        UserError: says how many there are, and why the first was left out.
    """
    if images < 2:
        why = f" ({len(left_out)} left out; the first: {left_out[0]})" if left_out else ""
        raise UserError(f"{'only 1' if images else 'no'} image to put in order{why}; give two or more")
