"""Data sets as strangers bring them, made on disk, and what inspection, conversion and training make of them."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from segnet.config import DataConfig
from segnet.datasets.convert import convert
from segnet.datasets.formats import open_layout
from segnet.datasets.inspection.inspection import Inspection, inspect_folder
from segnet.datasets.load import load_split
from segnet.datasets.meaning import look_and_settle
from segnet.datasets.statistics import count_classes
from segnet.ready_config import ready_config

SIDE = 48
Pixels = NDArray[np.uint8]
HALVES = {"?": 0.5, "??": 0.5}
RED, GREEN, BLACK = (250, 50, 83), (36, 179, 83), (0, 0, 0)


def photo(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8))


def stripes(*values: int) -> Pixels:
    return np.tile(np.array(values, np.uint8)[np.arange(SIDE) * len(values) // SIDE], (SIDE, 1))


def disc() -> Pixels:
    return np.asarray((np.hypot(*np.mgrid[-24:24, -24:24]) < 15).astype(np.uint8))


def put(path: Path, what: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(what, str):
        path.write_text(what, encoding="utf-8")
    elif isinstance(what, Image.Image):
        what.save(path)
    else:
        Image.fromarray(np.asarray(what)).save(path)


def pairs(root: Path, mask: object, image: str = "images/{}.png", truth: str = "masks/{}.png", count: int = 3) -> None:
    """``count`` pairs whose masks are all alike, or are made by a function of their number."""
    for number in range(count):
        put(root / image.format(number), photo(hash(image) % 1000 + number))
        put(root / truth.format(number), mask(number) if callable(mask) else mask)


def found_in(root: Path) -> tuple[Inspection, dict[str, float]]:
    """What inspection finds and the share of each class, after training and conversion were seen to read the same."""
    inspection = inspect_folder(root, workers=1)
    total = sum(look.mask.size[0] * look.mask.size[1] for look in inspection.looks if look.mask)
    counted = inspection.counts().pixels
    data = DataConfig.model_validate(yaml.safe_load(ready_config(inspection))["data"] | {"cache": 0})
    dataset = load_split(data, "+".join(inspection.layout.splits))
    assert count_classes(dataset).pixels.tolist() == counted.tolist()
    assert dataset.classes == inspection.classes
    for index in range(len(dataset)):
        assert dataset[index].image.shape[:2] == dataset[index].mask.shape
    out = root.parent / f"{root.name}-plain"
    convert(look_and_settle(open_layout(root)[1], workers=1), root, out, workers=1)
    masks = [np.asarray(Image.open(path)).ravel() for path in out.rglob("masks/**/*.png")]
    written = np.bincount(np.concatenate(masks), minlength=256)
    assert written[: len(counted)].tolist() == counted.tolist()
    again = inspect_folder(out, workers=1)
    assert (again.counts().pixels.tolist(), again.classes.names) == (counted.tolist(), inspection.classes.names)
    shares = dict(zip(inspection.classes.names, (counted / total).tolist(), strict=True))
    return inspection, {name: share for name, share in shares.items() if share}


def assert_shares(found: Mapping[str, float], expected: Mapping[str, float], within: float = 0.03) -> None:
    """Names that begin with ``?`` stand for any."""
    assert sorted(found.values()) == pytest.approx(sorted(expected.values()), abs=within)
    for name, share in expected.items():
        if not name.startswith("?"):
            assert found[name] == pytest.approx(share, abs=within)


def write_grey_png(path: Path, samples: Pixels, depth: int) -> None:
    """A PNG of 1, 2 or 4 bits a sample, which Pillow does not write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    spread = np.unpackbits(samples[..., None], axis=2)[..., 8 - depth :].reshape(len(samples), -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in spread)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def soft(values: Pixels) -> Image.Image:
    small = Image.fromarray(values).resize((36, 36), Image.Resampling.BILINEAR)
    return small.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
