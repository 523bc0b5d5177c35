"""The index of a split in shards: which sample is where, and what the labels mean.

``index.json`` holds the classes and, for each shard, its samples, bytes and SHA-256; ``samples.npy`` holds a row a
sample. The rows are an array, not objects: loader processes share its memory, which grows by tens of bytes a sample.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from segnet.errors import UserError
from segnet.files import write_atomically, write_json

from ..classes import ClassSet
from .source import is_address, join, read

FORMAT = 1
INDEX, ROWS = "index.json", "samples.npy"

Rows = NDArray[Any]
"""A structured array (N,): ``shard``, ``start`` and ``length`` of the sample's bytes, their ``crc32``, ``name``."""


def rows_of(samples: list[tuple[int, int, int, int, str]]) -> Rows:
    """Rows from (shard, start, length, crc32, name)."""
    names = [name.encode(errors="surrogateescape") for *_, name in samples]
    width = max((len(name) for name in names), default=1)
    kind = [("shard", "<u4"), ("start", "<u8"), ("length", "<u4"), ("crc32", "<u4"), ("name", f"S{width}")]
    return np.array([(*row[:4], name) for row, name in zip(samples, names, strict=True)], kind)


class Shard(BaseModel):
    """A tar file."""

    model_config = ConfigDict(extra="forbid")

    name: str
    samples: int
    bytes: int
    sha256: str


class ShardIndex(BaseModel):
    """What ``index.json`` holds."""

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    classes: list[str]
    colors: list[tuple[int, int, int]]
    ignore_index: int
    samples: int
    samples_sha256: str
    shards: list[Shard]

    @property
    def class_set(self) -> ClassSet:
        return ClassSet(tuple(self.classes), tuple(self.colors), self.ignore_index)


def write_index(folder: Path, classes: ClassSet, shards: list[Shard], rows: Rows) -> ShardIndex:
    """Write both files, ``index.json`` last: where it is, all is."""
    buffer = io.BytesIO()
    np.save(buffer, rows, allow_pickle=False)
    write_atomically(folder / ROWS, buffer.getvalue())
    index = ShardIndex(
        classes=list(classes.names),
        colors=list(classes.colors),
        ignore_index=classes.ignore_index,
        samples=len(rows),
        samples_sha256=hashlib.sha256(buffer.getvalue()).hexdigest(),
        shards=shards,
    )
    write_json(folder / INDEX, index.model_dump(mode="json"))
    return index


def read_index(place: str) -> tuple[ShardIndex, Rows]:
    """The index of the folder or address ``place``.

    Raises:
        UserError: there is none, it is of another format, or its files do not belong together.
    """
    source = join(place, INDEX)
    try:
        index = ShardIndex.model_validate(json.loads(read(source)))
        _ = index.class_set
    except (ValidationError, ValueError) as error:
        raise UserError(
            f"{source}: no index of shards ({' '.join(str(error).split())}); convert the data again"
        ) from None
    if index.format != FORMAT:
        raise UserError(f"{source}: written in format {index.format}, this version reads format {FORMAT}")
    content = read(join(place, ROWS))
    if hashlib.sha256(content).hexdigest() != index.samples_sha256:
        raise UserError(f"{join(place, ROWS)}: is not the one of {INDEX} (SHA-256 differs); copy the folder again")
    rows: Rows = np.load(io.BytesIO(content), allow_pickle=False)
    check_sizes(place, index)
    return index, rows


def check_sizes(place: str, index: ShardIndex) -> None:
    """A copy that was cut short is found before it is trained on; of an address, when it is read."""
    if is_address(place):
        return
    for shard in index.shards:
        path = Path(place, shard.name)
        if not path.is_file() or path.stat().st_size != shard.bytes:
            found = f"has {path.stat().st_size:,} bytes" if path.is_file() else "is not there"
            raise UserError(f"{path}: {found}, the index says {shard.bytes:,}; copy the folder again")


def check_shards(place: str) -> int:
    """Read every shard and compare its SHA-256 with the index; the number of shards.

    Raises:
        UserError: one differs.
    """
    index, _ = read_index(place)
    for shard in index.shards:
        if hashlib.sha256(read(join(place, shard.name))).hexdigest() != shard.sha256:
            raise UserError(f"{join(place, shard.name)}: damaged (SHA-256 differs from the index); copy it again")
    return len(index.shards)
