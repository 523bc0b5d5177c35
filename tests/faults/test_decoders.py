"""Files that want another decoder than their name says, or more of one than it should give."""

import io
import random
import re
import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

import segnet as package
from segnet.datasets.classes import CAMVID
from segnet.datasets.coding import Coding, identity
from segnet.datasets.convert import Item, Job, convert_pair
from segnet.datasets.image_files import Pixels, read_image, read_mask
from segnet.datasets.inspection.look import look_at
from segnet.datasets.pair import Pair
from segnet.errors import UserError
from segnet.inference.evaluation import Evaluation
from segnet.metrics import CalibrationBins
from segnet.web.images import decode
from segnet.web.limits import Limits
from segnet.web.problems import RefusedError
from tests.faults.conftest import Training
from tests.faults.programs import find_programs_in, segnet
from tests.faults.rows import Row, fault, times
from tests.faults.test_data import LABELS, PIXELS, bomb, encoded, mutated, refused

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 24\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for PATH with a program named gs; the file ``ran`` in it tells that it was run."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program = folder / "gs"
    program.write_text(f"#!/bin/sh\ntouch '{folder}/ran'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with monkeypatch.context() as here:
        here.setenv("PATH", str(folder), prepend=":")
        here.setattr(EpsImagePlugin, "gs_binary", None)
        # Without an allow-list the program is run: what is injected here is a real fault.
        with pytest.raises(OSError), Image.open(io.BytesIO(EPS)) as image:
            image.load()
    assert (folder / "ran").exists()
    (folder / "ran").unlink()
    return folder


NO_IMAGE = "cannot be read as an image (not a complete PNG, JPEG, BMP, … file); replace or remove it"


@pytest.mark.parametrize("command", ["predict", "video", "inspect", "convert", "train"])
@fault(
    "Decoders",
    "an EPS file with the name `.png`, given to any command; Pillow would pass it to Ghostscript",
    shown=NO_IMAGE,
    kept="no program is run",
)
def test_postscript_is_never_run(
    command: str, ghostscript: Path, tmp_path: Path, row: Row, model: Path, undisturbed: Training, tiny_camvid: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_camvid, data)
    for path in data.rglob("*.png"):
        path.write_bytes(EPS)
    images = data / "train"
    arguments: dict[str, list[str | Path]] = {
        "predict": ["predict", model, images, "--out", tmp_path / "out"],
        "video": ["video", model, images, tmp_path / "out.mp4"],
        "inspect": ["inspect", data, "--workers", "1"],
        "convert": ["convert", data, tmp_path / "out", "--workers", "1"],
        "train": ["train", "--config", undisturbed.config, f"data.root={data}", f"runs={tmp_path}"],
    }
    code, errors = segnet(*arguments[command], before=(partial(find_programs_in, str(ghostscript)),))
    assert not (ghostscript / "ran").exists()
    assert NO_IMAGE.split("…")[0] in errors
    if command != "inspect":
        row.check(code, errors)


@fault(
    "Decoders",
    "an EPS file among the predictions in a run folder, which its report reads",
    shown=NO_IMAGE,
    kept="no program is run",
)
def test_postscript_in_a_run_folder(
    ghostscript: Path, tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(ghostscript), prepend=":")
    nothing = np.zeros((1, 1), np.int64)
    bins = CalibrationBins(10)
    kept = Evaluation(CAMVID, ["frame"], nothing[None], nothing.astype(float), bins, bins, [EPS], 1.0)
    kept.save(tmp_path / "evaluation.npz")
    with pytest.raises(UserError) as error:
        Evaluation.load(tmp_path / "evaluation.npz").prediction(0)
    row.check_line(str(error.value))
    assert not (ghostscript / "ran").exists()


@pytest.mark.parametrize("kind", ["gif", "ico", "ppm", "tga", "pcx", "sgi", "jpeg2000", "avif", "pdf"])
@fault(
    "Decoders",
    "a file of another format that Pillow reads, with the name `.png`",
    shown=NO_IMAGE,
    kept="only five of Pillow's more than forty decoders read foreign files",
)
def test_other_formats_are_refused(kind: str, tmp_path: Path, row: Row) -> None:
    path = tmp_path / "frame.png"
    try:
        path.write_bytes(encoded(Image.fromarray(PIXELS), kind))
    except (KeyError, OSError):
        pytest.skip(f"this Pillow does not write {kind}")
    for read in (read_image, read_mask):
        row.check_line(refused(read, path))


@pytest.mark.parametrize("side", [9_500, 60_000], ids=["somewhat too large", "far too large"])
@fault(
    "Decoders",
    "an image of a few bytes whose header claims 90 million to billions of pixels",
    shown="frame.png: the … has … pixels, at most 89 million are read; make it smaller",
    kept="it is refused by its header, before it takes memory",
)
def test_images_with_huge_headers_are_refused(side: int, tmp_path: Path, row: Row) -> None:
    (tmp_path / "frame.png").write_bytes(bomb(side))
    for read in (read_image, read_mask):
        row.check_line(refused(read, tmp_path / "frame.png"))


DAMAGED_EXIF = {
    "no TIFF header": b"Exif\0\0 nothing of the kind",
    "place of the first tag": b"Exif\0\0II*\0\xff\xff\xff\xff",
    "number of tags": b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01",
    "orientation that is a text": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abc\0\0\0\0\0",
    "orientation 9": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0",
}


@pytest.mark.parametrize("exif", DAMAGED_EXIF.values(), ids=DAMAGED_EXIF)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@fault(
    "Decoders",
    "EXIF data that Pillow fails on, or with an impossible orientation",
    shown="",
    code=0,
    kept="every command reads the image as it is stored, like viewers",
)
def test_images_with_damaged_exif_are_read(kind: str, exif: bytes, tmp_path: Path, row: Row) -> None:
    path, mask = tmp_path / f"frame.{kind}", tmp_path / "mask.png"
    path.write_bytes(encoded(Image.fromarray(PIXELS), kind, exif=exif))
    mask.write_bytes(encoded(Image.fromarray(LABELS), "png"))
    pixels = read_image(path)
    assert pixels.shape == PIXELS.shape
    np.testing.assert_array_equal(decode(path.read_bytes(), Limits()), pixels)
    coding = Coding(indices=identity(11, 255))
    assert look_at(coding, Pair(path, mask)).image_size == PIXELS.shape[:2]
    outcome = convert_pair(Job(tmp_path / "out", CAMVID, coding, False), Item(Pair(path, mask), "all/frame"))
    assert not outcome.problem
    row.check(0, "")


def originals() -> list[bytes]:
    """A file of each kind and type of pixels that is read."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a text"
    photo, mask = Image.fromarray(PIXELS), Image.fromarray(LABELS)
    deep = Image.fromarray(LABELS.astype(np.uint16))
    return [
        encoded(photo, "png"),
        encoded(photo, "png", exif=exif),
        encoded(photo.convert("RGBA"), "png"),
        encoded(mask, "png"),
        encoded(mask.convert("P"), "png"),
        encoded(deep, "png"),
        encoded(photo, "png", save_all=True, append_images=[photo.rotate(90)]),
        encoded(photo, "jpeg"),
        encoded(photo, "jpeg", exif=exif, progressive=True),
        encoded(photo.convert("CMYK"), "jpeg"),
        encoded(mask, "jpeg"),
        encoded(photo, "bmp"),
        encoded(mask.convert("P"), "bmp"),
        *(encoded(photo, "tiff", compression=how) for how in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg")),
        encoded(photo.convert("1"), "tiff", compression="group4"),
        encoded(deep, "tiff", exif=exif),
        encoded(photo, "webp", exif=exif),
        encoded(photo, "webp", lossless=True),
        encoded(photo.convert("RGBA"), "webp"),
    ]


@fault(
    "Decoders",
    "PNG, JPEG, BMP, TIFF and WebP files with random changes of bits, bytes and ranges",
    shown="…",
    kept="every decoder gives 8-bit pixels or a line: no traceback, no crash, and no program is run",
)
def test_mutated_images_crash_no_decoder(tmp_path: Path, row: Row, counted: Callable[[str], None]) -> None:
    wanted, chance, files = times(400, 300_000), random.Random(0), originals()
    path, coding, limits = tmp_path / "mutated.png", Coding(indices=identity(11, 255)), Limits()
    decoders: dict[str, Callable[[bytes], Pixels | None]] = {
        "training": lambda content: read_image(path, content),
        "masks": lambda content: read_mask(path, content),
        "the demo": lambda content: decode(content, limits),
        "inspection": lambda _: look_at(coding, Pair(path, path)).thumbnail,
        "conversion": lambda _: coding.decode(Pair(path, path)).labels,
    }
    refusals = 0
    for index in range(wanted):
        content = mutated(files[index % len(files)], chance)
        path.write_bytes(content)
        for name, decoder in decoders.items():
            try:
                pixels = decoder(content)
            except (UserError, RefusedError) as error:
                row.check_line(str(error))
                refusals += 1
            else:
                assert pixels is None or pixels.dtype == np.uint8, name
    assert refusals > wanted
    counted(f"{wanted:,} mutated files, each given to {len(decoders)} decoders: {refusals:,} refusals")


def test_nothing_else_opens_images() -> None:
    checkout = Path(package.__file__).parents[1]
    found = {
        path.relative_to(checkout).as_posix()
        for folder in ("segnet", "datasets")
        for path in (checkout / folder).rglob("*.py")
        if re.search(r"\bImage\.open\(|\bav\.open\(|imread|cv2\.VideoCapture\(", path.read_text(encoding="utf-8"))
    }
    assert found == {
        "datasets/image_files.py",
        "segnet/inference/video/container.py",
        # An address or a camera's number, which are no files.
        "segnet/inference/video/camera.py",
        # What this program has just written.
        "segnet/inference/video/faststart.py",
        "segnet/inference/video/writer.py",
    }
