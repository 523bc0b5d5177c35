"""Write a split as tar shards in the layout of WebDataset: ``KEY.jpg``, then ``KEY.mask.png``."""

import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from segnet.errors import UserError
from segnet.files import atomic_file, sweep, write_json

from ..image_files import Pixels, as_png
from ..samples import ImagesAndMasks
from .index import INDEX, Count, Shard, ShardIndex, rows_of, write_index

BLOCK = tarfile.BLOCKSIZE
Number = Annotated[int, Field(ge=0, lt=2**32)]
Row = tuple[Number, Count, Number, Number, str]


class Notes(BaseModel):
    """Notes beside a shard until all shards are written."""

    made_of: str
    shard: Shard
    rows: list[Row]


def write_shards(
    dataset: ImagesAndMasks,
    folder: str | Path,
    samples_per_shard: int = 1000,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> ShardIndex:
    """Write all samples of ``dataset`` to ``folder``. Each one is read and checked.

    Images keep their files' bytes, and masks become PNG files of class indices. A shard gets its name when it is
    complete, and the index is written last. A call after an interruption keeps the finished shards whose source files
    have not changed.

    Args:
        dataset: one split.
        folder: folder of the split, such as ``/data/shards/train``.
        samples_per_shard: a few hundred megabytes are a good size for a shard.
        workers: threads; decoding and compression release Python's lock.
        progress: called with (samples done, samples) after each shard.

    Raises:
        UserError: a sample cannot be read, or the folder has other files.
        OSError: there is no room or no permission.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    strangers = [path.name for path in folder.iterdir() if not OURS.fullmatch(path.name)]
    if strangers:
        raise UserError(f"{folder}: holds {strangers[0]}, which is no part of a split in shards; name an empty folder")
    (folder / INDEX).unlink(missing_ok=True)
    starts = range(0, len(dataset), samples_per_shard)
    parts = [range(start, min(start + samples_per_shard, len(dataset))) for start in starts]
    done: list[tuple[Shard, list[Row]]] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            for part in pool.map(lambda number: write_shard(dataset, folder, number, parts[number]), range(len(parts))):
                done.append(part)
                if progress:
                    progress(min(len(done) * samples_per_shard, len(dataset)), len(dataset))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    shards, rows = [shard for shard, _ in done], [row for _, part in done for row in part]
    index = write_index(folder, dataset.classes, shards, rows_of(rows))
    names = {shard.name for shard in shards}
    for path in folder.iterdir():
        if path.suffix == ".part" or (path.suffix == ".tar" and path.name not in names):
            path.unlink()
    return index


OURS = re.compile(r"index\.json|samples\.npy|\d{6}\.(tar|part)")
"""Names of the files in the folder of a split."""


def write_shard(dataset: ImagesAndMasks, folder: Path, number: int, samples: Sequence[int]) -> tuple[Shard, list[Row]]:
    """Write one shard and return the rows of its samples. ``NUMBER.part`` keeps both until the index is written."""
    path, notes = folder / f"{number:06d}.tar", folder / f"{number:06d}.part"
    made_of = source_digest(dataset, samples)
    if kept := finished_shard(path, notes, made_of):
        return kept
    rows: list[Row] = []
    digest, length = hashlib.sha256(), 0
    with atomic_file(path) as file:
        for index in samples:
            sample = dataset[index]
            pair = dataset.pairs[index]
            blob = members(index, sample.name, pair.image, sample.mask, None if pair.page is None else sample.image)
            rows.append((number, length, len(blob), zlib.crc32(blob), sample.name))
            file.write(blob)
            digest.update(blob)
            length += len(blob)
        # Two empty blocks end an archive.
        file.write(bytes(2 * BLOCK))
        digest.update(bytes(2 * BLOCK))
    shard = Shard(name=path.name, samples=len(rows), bytes=length + 2 * BLOCK, sha256=digest.hexdigest())
    write_json(notes, {"made_of": made_of, "shard": shard.model_dump(), "rows": rows})
    return shard, rows


def finished_shard(path: Path, notes: Path, made_of: str) -> tuple[Shard, list[Row]] | None:
    """The shard of an interrupted conversion, if it is complete and its source files have not changed."""
    try:
        kept = Notes.model_validate_json(notes.read_bytes())
        same = kept.made_of == made_of and path.stat().st_size == kept.shard.bytes
    except (OSError, ValueError):
        return None
    return (kept.shard, kept.rows) if same else None


def source_digest(dataset: ImagesAndMasks, samples: Sequence[int]) -> str:
    """A digest that changes with the samples' files and the meaning of their labels."""
    digest = hashlib.sha256(repr((dataset.classes, dataset.coding and dataset.coding.meaning())).encode())
    for index in samples:
        for path in dataset.pairs[index].files:
            status = path.stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def members(index: int, name: str, image: Path, mask: Pixels, page: Pixels | None = None) -> bytes:
    """The tar members of a sample. The image keeps its file's bytes, but a page of a stack becomes PNG.

    A key has no dot, because for WebDataset the suffix begins at the first one.
    """
    key = f"{index:08d}_{name.replace('.', '_')}"
    if page is not None:
        return member(f"{key}.png", as_png(page)) + member(f"{key}.mask.png", as_png(mask))
    return member(f"{key}{image.suffix.lower()}", image.read_bytes()) + member(f"{key}.mask.png", as_png(mask))


def member(name: str, content: bytes) -> bytes:
    """A file in a tar archive: header, content, zeros up to a whole block.

    Time and owner are left out, so that the same data give the same archive.
    """
    header = tarfile.TarInfo(name)
    header.size = len(content)
    return header.tobuf() + content + bytes(-len(content) % BLOCK)
