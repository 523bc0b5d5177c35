"""The index of a split in shards: the place of each sample, and the meaning of the labels.

``index.json`` holds the classes and, for each shard, its samples, bytes and SHA-256. ``samples.npy`` holds one row for
each sample. The rows are an array, not objects: loader processes share its memory, tens of bytes for each sample.
"""

import hashlib
import io
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from segnet.errors import UserError, first_line
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
    return np.array([(*row[:4], name) for row, name in zip(samples, names, strict=True)], columns(width))


def columns(width: int) -> np.dtype[Any]:
    """The columns of the rows. A name has at most ``width`` bytes."""
    return np.dtype([("shard", "<u4"), ("start", "<u8"), ("length", "<u4"), ("crc32", "<u4"), ("name", f"S{width}")])


Count = Annotated[int, Field(ge=0, le=2**48)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Channel = Annotated[int, Field(ge=0, le=255)]


class Shard(BaseModel):
    """A tar file."""

    model_config = ConfigDict(extra="forbid")

    # Only a name is allowed. With a folder in it, files elsewhere would be read.
    name: str = Field(pattern=r"^[\w-][\w.-]*\.tar$", max_length=200)
    samples: Count
    bytes: Count
    sha256: Sha256


class ShardIndex(BaseModel):
    """The content of ``index.json``."""

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    classes: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=255)
    colors: list[tuple[Channel, Channel, Channel]]
    ignore_index: Channel
    samples: Count
    samples_sha256: Sha256
    shards: list[Shard] = Field(max_length=1_000_000)

    @property
    def class_set(self) -> ClassSet:
        return ClassSet(tuple(self.classes), tuple(self.colors), self.ignore_index)


def write_index(folder: Path, classes: ClassSet, shards: list[Shard], rows: Rows) -> ShardIndex:
    """Write both files, ``index.json`` last. If it exists, everything does."""
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
    """Read the index of the folder or address ``place``.

    Raises:
        UserError: there is none, it has another format, or its files do not belong together.
    """
    source = join(place, INDEX)
    try:
        index = ShardIndex.model_validate_json(read(source, most=MOST_INDEX_BYTES))
        _ = index.class_set
    except (ValidationError, ValueError) as error:
        raise UserError(f"{source}: no index of shards ({one_mistake(error)}); convert the data again") from None
    if index.format != FORMAT:
        raise UserError(
            f"{source}: written in format {index.format}, this version reads format {FORMAT}; convert the data again"
        )
    content = read(join(place, ROWS), most=index.samples * MOST_ROW_BYTES + 4096)
    if hashlib.sha256(content).hexdigest() != index.samples_sha256:
        raise UserError(f"{join(place, ROWS)}: is not the one of {INDEX} (SHA-256 differs); copy the folder again")
    try:
        rows = parse_rows(content)
        check_rows(rows, index)
    except ValueError as error:
        raise UserError(f"{join(place, ROWS)}: {first_line(error)}; convert the data again") from None
    check_sizes(place, index)
    return index, rows


MOST_INDEX_BYTES = 2**28
MOST_ROW_BYTES = 1024
"""The most bytes of a sample's row with its name, which is limited like a file's name."""


def one_mistake(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return first_line(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")


def parse_rows(content: bytes) -> Rows:
    """The array of an .npy file, in the file's own bytes. NumPy's reader would trust the size in the header.

    Raises:
        ValueError: it is no such file, or has other columns.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
    except Exception as error:
        # NumPy evaluates the header as Python, and raises that code's errors.
        raise ValueError(f"is no array ({first_line(error)})") from None
    if version != (1, 0):
        raise ValueError("is written in another version of the format")
    width = kind["name"].itemsize if kind.names and "name" in kind.names else 0
    if not 0 < width < MOST_ROW_BYTES or kind != columns(width):
        raise ValueError("has other columns than an index")
    if len(shape) != 1 or shape[0] * kind.itemsize != len(content) - file.tell():
        raise ValueError("is longer or shorter than its header says")
    return np.frombuffer(content, kind, offset=file.tell())


def check_rows(rows: Rows, index: ShardIndex) -> None:
    """Raise ValueError if a row leads out of its shard."""
    if len(rows) != index.samples or len(rows) != sum(shard.samples for shard in index.shards):
        raise ValueError(f"holds {len(rows)} samples, {INDEX} says {index.samples}")
    if not len(rows):
        return
    if int(rows["shard"].max()) >= len(index.shards):
        raise ValueError(f"names shard {rows['shard'].max()}, there are {len(index.shards)}")
    sizes = np.array([shard.bytes for shard in index.shards], np.uint64)[rows["shard"]]
    # There is no sum, because it could overflow.
    if (rows["start"] > sizes).any() or (rows["length"] > sizes - rows["start"]).any() or not rows["length"].all():
        raise ValueError("has a sample that does not lie within its shard")


def check_sizes(place: str, index: ShardIndex) -> None:
    """Find an incomplete copy before training. At an address, it is found on reading."""
    if is_address(place):
        return
    for shard in index.shards:
        path = Path(place, shard.name)
        if not path.is_file() or path.stat().st_size != shard.bytes:
            found = f"has {path.stat().st_size:,} bytes" if path.is_file() else "is not there"
            raise UserError(f"{path}: {found}, the index says {shard.bytes:,}; copy the folder again")


def check_shards(place: str) -> int:
    """Read every shard and compare its SHA-256 with the index; gives the number of shards.

    Raises:
        UserError: one differs.
    """
    index, _ = read_index(place)
    for shard in index.shards:
        if hashlib.sha256(read(join(place, shard.name), most=shard.bytes)).hexdigest() != shard.sha256:
            raise UserError(f"{join(place, shard.name)}: damaged (SHA-256 differs from the index); copy it again")
    return len(index.shards)
