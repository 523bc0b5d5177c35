"""A split in shards as a data set of images and masks. Each sample is read on access.

The index gives the place of each sample, which is one read. The order of an epoch is therefore the exact permutation of
:mod:`..sampling`, a function of (seed, epoch). Stopping, resuming and sharing between processes and loader workers
work as for files on disk. A shuffle buffer would save seeks but lose this.
"""

import hashlib
import io
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np

from segnet.errors import UserError, first_line

from ..classes import ClassSet
from ..image_files import Pixels, read_image, read_mask
from ..pair import Pair
from ..samples import ImagesAndMasks, Sample, check_labels, check_sizes
from ..splits import empty_split
from .index import Rows, read_index
from .source import join, read


def load_shards(root: str | None, split: str) -> "ShardedImagesAndMasks":
    """The split ``split`` below ``root``, a folder or an http address; splits are joined with ``+``.

    Raises:
        UserError: there is no root or no index, or the splits have different classes.
    """
    if root is None:
        raise UserError("data.root is not set: name the folder or address that holds the splits' shards")
    places = [join(root if "://" in root else str(Path(root).expanduser()), name) for name in split.split("+")]
    indices = [read_index(place) for place in places]
    first = indices[0][0].class_set
    for place, (index, _) in zip(places, indices, strict=True):
        if index.class_set != first:
            raise UserError(f"{place}: its classes are not those of {places[0]}")
    shards: list[str] = []
    tables = []
    for place, (index, rows) in zip(places, indices, strict=True):
        moved = rows.copy()
        moved["shard"] += len(shards)
        shards += [join(place, shard.name) for shard in index.shards]
        tables.append(moved)
    rows = np.concatenate(tables)
    if not len(rows):
        raise empty_split(root, split)
    return ShardedImagesAndMasks(shards, rows, first)


class ShardedImagesAndMasks(ImagesAndMasks):
    """Samples of shards in the index's order. None of them is kept in memory.

    Args:
        shards: files or addresses.
        rows: the place of each sample, see ``index.Rows``.
        classes: the classes of the masks' labels.
    """

    def __init__(self, shards: Sequence[str], rows: Rows, classes: ClassSet) -> None:
        # The base's constructor is not called, because it would make a list of the pairs.
        self.shards, self.rows, self.classes = list(shards), rows, classes
        self.pairs = ShardPairs(self.shards, rows)

    def __getitem__(self, index: int) -> Sample:
        pair = self.pairs[index]
        image_bytes, mask_bytes = self.content(index)
        image, mask = read_image(pair.image, image_bytes), self.labels(pair.mask, mask_bytes)
        check_sizes(pair, image, mask)
        return Sample(image, mask, pair.image.stem)

    def mask(self, index: int) -> Pixels:
        return self.labels(self.pairs[index].mask, self.content(index)[1])

    def fingerprint(self) -> str:
        """Text that changes with the index, which has a checksum of each sample."""
        return hashlib.sha256(repr(self.classes).encode() + self.rows.tobytes()).hexdigest()[:16]

    def subset(self, indices: Sequence[int]) -> "ShardedImagesAndMasks":
        return ShardedImagesAndMasks(self.shards, self.rows[list(indices)], self.classes)

    def labels(self, path: Path, content: bytes) -> Pixels:
        mask = read_mask(path, content)
        check_labels(path, mask, self.classes)
        return mask

    def content(self, index: int) -> tuple[bytes, bytes]:
        """The files of an image and its mask.

        Raises:
            UserError: they cannot be read, or their checksum is wrong.
        """
        row = self.rows[index]
        place = self.shards[row["shard"]]
        blob = read(place, int(row["start"]), int(row["length"]))
        if zlib.crc32(blob) != row["crc32"]:
            raise UserError(f"{place}: damaged at byte {row['start']} (checksum differs); copy it again")
        try:
            with tarfile.open(fileobj=io.BytesIO(blob), mode="r:") as archive:
                image, mask = (blob[item.offset_data : item.offset_data + item.size] for item in archive)
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise UserError(
                f"{place}: no image and mask at byte {row['start']} ({first_line(error)}); convert the data again"
            ) from None
        return image, mask


class ShardPairs(Sequence[Pair]):
    """Names for the places of samples, ``train/000003.tar/NAME.jpg``, made on access.

    For 200,000 samples, a list with two paths each would take 200 MB in each loader process.
    """

    def __init__(self, shards: Sequence[str], rows: Rows) -> None:
        self.shards, self.rows = shards, rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | list[Pair]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        row = self.rows[index]
        shard, name = Path(self.shards[row["shard"]]), row["name"].decode(errors="surrogateescape")
        return Pair(shard / f"{name}.image", shard / f"{name}.mask")
