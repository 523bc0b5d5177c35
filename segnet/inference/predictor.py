"""The one place that turns images into classes, in any runtime."""

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from segnet.datasets.image_files import Pixels
from segnet.datasets.merging import Merge, merged_classes
from segnet.inference.backends import MANY, is_openvino_usual, open_backend
from segnet.inference.capabilities import check_samples, check_size, check_tile, only_size
from segnet.inference.enlarge import classes_at
from segnet.inference.memory import check_memory, check_row, tile_that_fits
from segnet.inference.model import ExportedModel, Model, model_classes
from segnet.inference.network_size import Size, network_size, scaled
from segnet.inference.tensors import Images, as_tensor, at_size, most_likely
from segnet.inference.tiles import Windows, bands

VARIED_SCALES = 0.75, 1.0, 1.25
"""Scales at which an image is seen where passes are wanted that differ, and the network has no dropout to sample."""

MapPair = tuple[NDArray[np.float32], NDArray[np.float32]]


class Wanted(NamedTuple):
    """The user's choices, which may be ``auto``."""

    backend: str
    precision: str
    device: str


class Predictor:
    """Classes, probabilities and uncertainty of images, at the images' own size.

    Args:
        model: a network or an exported file.
        backend: the runtime; ``auto`` means torch for a network, and an exported file's own runtime.
        precision: ``fp32``, ``bf16`` or ``auto``, the fastest that the device supports. A file has its own precision.
        device: ``auto``, ``cpu`` or ``cuda``.
        samples: passes with dropout on whose softmax is averaged (Bayesian SegNet, arXiv 1511.02680, section 3); 1 is
            one pass without dropout.
        size: size at which the network sees images, see :data:`segnet.inference.network_size.Size`. Logits are resized
            to the image's own size before anything else is computed. An exported file for a single size always uses
            that one. None: ``trained``, or ``native`` with ``tile``, since tiles are for full sharpness.
        merge: classes of the model to merge, by the new name. Their probabilities are added.
        tile: (H, W) of overlapping tiles, see :func:`segnet.inference.tiles.bands`; None: whole images.
        flip: average the softmax of the image with that of its mirror image.
        scales: factors on the size at which the network sees an image; the softmax is averaged over them.

    Attributes:
        classes: names and colours of the classes, merged ones among them.

    Raises:
        UserError: the back end, precision or device is unknown or not available here; ``samples`` is below 1, or above
            1 without dropout in the network or the runtime; or the model cannot take the size, tile or scale.
    """

    def __init__(
        self,
        model: Model,
        backend: str = "auto",
        precision: str = "auto",
        device: str = "auto",
        samples: int = 1,
        size: Size | None = None,
        merge: Merge | None = None,
        tile: tuple[int, int] | None = None,
        flip: bool = False,
        scales: Sequence[float] = (1.0,),
    ) -> None:
        check_samples(model, backend, samples)
        check_size(model, size, scales)
        check_tile(tile)
        self.model, self.samples = model, samples
        self.size: Size = size or ("native" if tile else "trained")
        self.tile, self.flip, self.scales = tile, flip, tuple(scales)
        self.backend = open_backend(backend, model, precision, device)
        self.wanted = Wanted(backend, precision, device)
        self._merge(merge or {})

    def _merge(self, merge: Merge) -> None:
        names = self.model.info.class_names
        self.classes, table = merged_classes(model_classes(self.model.info), merge, setting="merge ")
        self.merged = torch.tensor(table[: len(names)]) if merge else None

    def for_many(self, images: int | None) -> "Predictor":
        """This predictor in the fastest back end for that many images; None: any number.

        If no backend was chosen and dropout is not sampled, this is OpenVINO, if it is installed. OpenVINO needs a
        second or more to start.
        """
        is_worth = images is None or images >= MANY
        is_free = self.wanted.backend == "auto" and self.samples == 1 and self.backend.description.endswith("on cpu")
        if not (is_worth and is_free) or isinstance(self.model, ExportedModel) or not is_openvino_usual():
            return self
        other = copy.copy(self)
        other.backend = open_backend("openvino", self.model, self.wanted.precision, "cpu")
        return other

    def for_measuring(self) -> "Predictor":
        """This predictor in float32, in which training measures, unless a precision was chosen."""
        if self.wanted.precision != "auto" or isinstance(self.model, ExportedModel):
            return self
        other = copy.copy(self)
        other.wanted = self.wanted._replace(precision="fp32")
        other.backend = open_backend(other.wanted.backend, self.model, "fp32", self.wanted.device)
        return other

    def merging(self, merge: Merge) -> "Predictor":
        """This predictor with other merged classes; both share the network."""
        other = copy.copy(self)
        other._merge(merge)
        return other

    def varied(self) -> "Predictor":
        """This predictor with passes that differ: mirrored and at three scales, if it had one pass alone."""
        if self.passes > 1:
            return self
        other = copy.copy(self)
        other.flip, other.scales = True, VARIED_SCALES
        return other

    @property
    def description(self) -> str:
        """Runtime, precision and device, such as ``torch bf16 on cpu``, then tiles, scales and flipping."""
        words = [self.backend.description]
        if self.tile:
            words.append("tiles of {}x{}".format(*self.tile))
        if self.scales != (1.0,):
            words.append(f"scales {', '.join(f'{scale:g}' for scale in self.scales)}")
        return ", ".join([*words, "flipped too"] if self.flip else words)

    @property
    def passes(self) -> int:
        """Passes of the network for an image, or for a tile: dropout samples at each scale, mirrored or not."""
        return self.samples * len(self.scales) * (2 if self.flip else 1)

    def network_size(self, height: int, width: int, scale: float = 1.0) -> tuple[int, int]:
        """(H, W) at which the network sees an image, or a tile, of this size."""
        own = only_size(self.model)
        return own or scaled(network_size(self.size, self.model.info.size, (height, width)), scale)

    def bands(self, image: Windows) -> Iterator[NDArray[np.float32]]:
        """Softmax ``(C, h, W)`` of an image ``(H, W, 3)`` in tiles, from top to bottom, some rows at a time.

        Memory does not depend on the image's height. It holds one row of tiles.

        Raises:
            FullMemoryError: a row of tiles does not fit into memory; says which tile fits.
        """
        return self._bands(image, len(self.classes), lambda tile: self._probabilities([tile])[0])

    def uncertain_bands(self, image: Windows) -> Iterator[NDArray[np.float32]]:
        """Like :meth:`bands`, with the variance as one more channel, ``(C + 1, h, W)``; see :meth:`uncertainty`."""
        return self._bands(image, len(self.classes) + 1, lambda tile: stacked(self._uncertainty([tile])))

    def _bands(
        self, image: Windows, channels: int, see: Callable[[Pixels], NDArray[np.float32]]
    ) -> Iterator[NDArray[np.float32]]:
        assert self.tile
        rows, columns, _ = image.shape
        check_row(self.tile, (rows, columns), channels)

        def try_row(tile: tuple[int, int]) -> None:
            row = np.ones((channels, min(tile[0], rows), columns), np.float32)
            self._try_tile(tile)
            del row

        with tile_that_fits(self.tile, try_row):
            yield from bands(image, self.tile, see)

    def classes_of(self, images: Images) -> NDArray[np.uint8]:
        """Class indices ``(N, H, W)`` uint8.

        Raises:
            FullMemoryError: memory is full; says which tile fits.
        """
        with tile_that_fits(self.tile or images[0].shape[:2], self._try_tile):
            return self._classes_of(images)

    def _classes_of(self, images: Images) -> NDArray[np.uint8]:
        if self.tile:
            return np.stack([np.concatenate([most_likely(band) for band in self.bands(image)]) for image in images])
        if self.passes > 1 or self.merged is not None:
            return np.asarray(self.probabilities(images).argmax(1), np.uint8)
        batch = as_tensor(images)
        height, width = batch.shape[-2:]
        seen = self._seen(batch, self.scales[0])
        if seen is batch:
            return np.asarray(self.backend.classes(batch))
        return np.asarray(classes_at(self.backend.logits(seen), (height, width)).cpu())

    def probabilities(self, images: Images) -> NDArray[np.float32]:
        """Softmax ``(N, C, H, W)`` float32, the mean over all passes.

        Raises:
            FullMemoryError: memory is full; says which tile fits.
        """
        with tile_that_fits(self.tile or images[0].shape[:2], self._try_tile):
            if self.tile:
                return np.stack([np.concatenate(list(self.bands(image)), axis=1) for image in images])
            return self._probabilities(images)

    def _probabilities(self, images: Images) -> NDArray[np.float32]:
        total = sum(self._softmax(logits) for logits in self._logits(images))
        return np.asarray((total / self.passes).cpu())  # type: ignore[union-attr]

    def uncertainty(self, images: Images) -> MapPair:
        """Mean softmax ``(N, C, H, W)`` and its variance over the passes, averaged over classes, ``(N, H, W)``.

        Raises:
            FullMemoryError: memory is full; says which tile fits.
        """
        with tile_that_fits(self.tile or images[0].shape[:2], self._try_tile):
            return self._in_tiles(images, self._uncertainty)

    def entropies(self, images: Images) -> MapPair:
        """Mean softmax ``(N, C, H, W)``, and the mean entropy of the passes' own, ``(N, H, W)``, in nats.

        Raises:
            FullMemoryError: memory is full; says which tile fits.
        """
        with tile_that_fits(self.tile or images[0].shape[:2], self._try_tile):
            return self._in_tiles(images, self._entropies)

    def _try_tile(self, tile: tuple[int, int]) -> None:
        """See a black tile as ``tile`` has it; raises what the runtime raises if memory is full."""
        other = copy.copy(self)
        other.tile, other.size = None, "native"
        other._uncertainty([np.zeros((*tile, 3), np.uint8)])

    def _in_tiles(self, images: Images, see: Callable[[Images], MapPair]) -> MapPair:
        """What ``see`` gives of images, or of their tiles if there are any."""
        if not self.tile:
            return see(images)

        def see_tile(tile: Pixels) -> NDArray[np.float32]:
            return stacked(see([tile]))

        channels = len(self.classes) + 1
        maps = [np.concatenate(list(self._bands(image, channels, see_tile)), axis=1) for image in images]
        found = np.stack(maps)
        return found[:, :-1], found[:, -1]

    def _uncertainty(self, images: Images) -> MapPair:
        mean = torch.zeros(())
        squares = torch.zeros(())
        for count, logits in enumerate(self._logits(images), start=1):
            # Welford's update: the variance of near-equal samples would drown in a difference of two sums.
            p = self._softmax(logits)
            change = p - mean
            mean = mean + change / count
            squares = squares + change * (p - mean)
        variance = (squares / self.passes).mean(1)
        return np.asarray(mean.cpu()), np.asarray(variance.cpu())

    def _entropies(self, images: Images) -> MapPair:
        mean = entropy = torch.zeros(())
        for logits in self._logits(images):
            p = self._softmax(logits)
            mean = mean + p / self.passes
            entropy = entropy + torch.special.entr(p).sum(1) / self.passes
        return np.asarray(mean.cpu()), np.asarray(entropy.cpu())

    def _softmax(self, logits: Tensor) -> Tensor:
        """Probabilities ``(N, C, H, W)``, summed over merged classes."""
        p = logits.softmax(1)
        if self.merged is None:
            return p
        empty = p.new_zeros(p.shape[0], len(self.classes), *p.shape[2:])
        return empty.index_add(1, self.merged.to(p.device), p)

    def _seen(self, batch: Tensor, scale: float) -> Tensor:
        """``batch`` at the network's size; unchanged if it already has that size."""
        height, width = batch.shape[-2:]
        size = self.network_size(height, width, scale)
        check_memory((height, width), size, len(self.model.info.class_names))
        return at_size(batch, size)

    def _logits(self, images: Images) -> Iterator[Tensor]:
        """Logits ``(N, C, H, W)`` of each pass, at the images' own size."""
        batch = as_tensor(images)
        height, width = batch.shape[-2:]
        for scale, is_flipped in itertools.product(self.scales, (False, True) if self.flip else (False,)):
            seen = self._seen(batch, scale)
            seen = seen.flip(-1) if is_flipped else seen
            for _ in range(self.samples):
                # Softmax takes half of the time on contiguous channels.
                logits = self.backend.logits(seen, dropout=self.samples > 1).contiguous()
                if logits.shape[-2:] != (height, width):
                    logits = F.interpolate(logits, (height, width), mode="bilinear", align_corners=False)
                yield logits.flip(-1) if is_flipped else logits


def stacked(pair: MapPair) -> NDArray[np.float32]:
    """The maps of a single image, ``(1, C, H, W)`` and ``(1, H, W)``, as ``(C + 1, H, W)``."""
    (mean,), (values,) = pair
    return np.concatenate([mean, values[None]])
