"""``segnet predict``: a mask and an overlay for every image that the words name."""

import functools
import http.server
import io
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn

from segnet.cli import main
from segnet.datasets import image_files
from segnet.datasets.classes import CAMVID
from segnet.errors import UserError
from segnet.inference.image_input import find_images
from segnet.nn.autoencoders.saved import save_autoencoder


def test_masks_are_indices_of_the_images_size_and_overlays_have_a_legend(
    tiny_run: Path, tiny_camvid: Path, tmp_path: Path
) -> None:
    images = sorted((tiny_camvid / "val").iterdir())
    assert main(["predict", str(tiny_run), str(tiny_camvid / "val"), "--out", str(tmp_path / "out")]) == 0
    masks = sorted((tmp_path / "out").glob("*_mask.png"))
    assert [path.name for path in masks] == [f"{image.stem}_mask.png" for image in images]
    mask = Image.open(masks[0])
    assert (mask.mode, mask.size) == ("P", (64, 48))
    # Programs show the classes' colours.
    assert np.array_equal(np.reshape(mask.getpalette() or [], (-1, 3)), CAMVID.palette)
    assert int(np.asarray(mask).max()) < 11
    overlay = Image.open(tmp_path / "out" / f"{images[0].stem}_overlay.png")
    assert overlay.mode == "RGB"
    assert overlay.width == 64
    assert overlay.height > 48


def test_an_image_of_any_size_turned_by_its_camera(tiny_run: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (37, 53)).save(tmp_path / "phone.jpg", exif=exif)
    assert main(["predict", str(tiny_run), str(tmp_path / "phone.jpg"), "--out", str(tmp_path)]) == 0
    assert Image.open(tmp_path / "phone_mask.png").size == (53, 37)


def test_words_without_images_and_files_that_are_none(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(tiny_run), str(tmp_path / "*.png"), "--out", str(tmp_path / "out")]) == 1
    assert "no image there; give files, folders" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (tmp_path / "text.png").write_text("no image")
    assert main(["predict", str(tiny_run), str(tmp_path / "text.png"), "--out", str(tmp_path / "out")]) == 1
    assert "text.png: cannot be read as an image" in capsys.readouterr().err


def test_one_bad_image_does_not_end_the_rest(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abc":
        Image.new("RGB", (32, 16)).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:40])
    out = tmp_path / "out"
    assert main(["predict", str(tiny_run), str(tmp_path), "--out", str(out)]) == 1
    assert sorted(path.name for path in out.iterdir()) == [
        *("a_mask.png", "a_overlay.png", "c_mask.png", "c_overlay.png")
    ]
    printed = capsys.readouterr()
    assert re.fullmatch(rf"2 images in torch \w+ on \w+: masks and overlays in {re.escape(str(out))}\n", printed.out)
    first, last = printed.err.splitlines()
    assert first.startswith(f"left out: {tmp_path / 'b.png'}: cannot be read as an image")
    assert last == f"segnet predict: 1 of 3 images left out, named above; the others are in {out}"


def test_a_tiff_stack_becomes_stacks_of_its_pages(tiny_run: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pages = [Image.fromarray(rng.integers(0, 256, (16, 32 + 8 * n, 3), dtype=np.uint8)) for n in range(3)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    for number, page in enumerate(pages):
        page.save(tmp_path / f"page{number}.png")
    assert main(["predict", str(tiny_run), str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    for kind in ("mask", "overlay"):
        stack = Image.open(tmp_path / "out" / f"stack_{kind}.tif")
        assert stack.n_frames == 3  # type: ignore[attr-defined]
        for number in range(3):
            stack.seek(number)
            alone = Image.open(tmp_path / "out" / f"page{number}_{kind}.png")
            np.testing.assert_array_equal(np.asarray(stack), np.asarray(alone))


def test_folders_and_patterns_are_in_order(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert [image.path.name for image in find_images([str(tmp_path)])] == ["a.jpg", "b.png"]
    assert [image.path.name for image in find_images([str(tmp_path / "*.png"), str(tmp_path / "a.jpg")])] == [
        "b.png",
        "a.jpg",
    ]


def test_hidden_and_stray_files_of_a_folder_are_no_images(tmp_path: Path) -> None:
    for name in ("a.png", "._a.png", ".ipynb_checkpoints/a.png", "__MACOSX/a.png", "b/@eaDir/a.jpg", "b/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [str(image.below / image.path.name) for image in find_images([str(tmp_path)], True)] == ["a.png", "b/c.jpg"]
    # One that is named is meant.
    assert len(list(find_images([str(tmp_path / "._a.png")]))) == 1


def test_files_of_a_folder_in_formats_that_are_not_read_are_named(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 8)).save(photos / "a.png")
    for name in ("b.jp2", "c.JP2", "notes.txt"):
        (photos / name).touch()
    assert main(["predict", str(tiny_run), str(photos), "--out", str(tmp_path / "out")]) == 0
    assert f"left out: {photos}: 2 JPEG 2000 files (*.jp2), not read; convert them" in capsys.readouterr().err


def test_an_image_that_is_named_twice_comes_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    (tmp_path / "in" / "back").symlink_to("..")
    (tmp_path / "in" / "link.png").symlink_to("a.png")
    words = [str(tmp_path / "**" / "*.png"), str(tmp_path / "in"), str(tmp_path / "in" / "a.png"), "-", "-"]
    found = [image.path.name for image in find_images(words, recursive=True)]
    assert found == ["a.png", "link.png", "stdin"]


@pytest.mark.parametrize("word", ["http://", "https:///street.jpg", "http://[::1/street.jpg"])
def test_an_address_without_a_server_is_named(word: str) -> None:
    with pytest.raises(UserError, match="is not an address; give one such as"):
        list(find_images([word]))


def test_results_are_not_written_where_the_next_call_would_read_them(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 8)).save(photos / "a.png")
    assert main(["predict", str(tiny_run), str(photos), "--out", str(photos)]) == 1
    assert "is inside the input" in capsys.readouterr().err
    assert main(["predict", str(tiny_run), str(photos), "--out", str(photos / "out"), "--recursive"]) == 1
    assert main(["predict", str(tiny_run), str(photos), "--out", str(photos / "out")]) == 0


def test_a_json_file_that_cannot_be_written_is_said_before_the_work(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    command = ["predict", str(tiny_run), str(tmp_path / "a.png"), "--out", str(tmp_path / "out"), "--json"]
    assert main([*command, str(tmp_path / "none" / "a.json")]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "a.png")]) == 1
    assert "is the input itself" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["street.jpg", "camvid-lite"], "camvid-lite: is a model, not an image; the model is named first"),
        (["street.jpg", "street.jpg"], "street.jpg: is an image, not a model; the model is named first"),
        (["clip.mp4", "street.jpg"], "clip.mp4: is a video, not a model; the model is named first"),
        (["mine.yaml", "street.jpg"], "is a config, not a model; train it first: segnet train --config mine.yaml"),
        (["camvid-light", "street.jpg"], "camvid-light: no such model; did you mean camvid-lite? give a run folder"),
        (["vanilla", "street.jpg"], "vanilla: is an autoencoder, which has no classes; look into it with segnet demo"),
    ],
)
def test_swapped_arguments_are_recognised(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("street.jpg")
    Path("clip.mp4").touch()
    Path("mine.yaml").touch()
    save_autoencoder(Path("vanilla"), nn.Linear(1, 1), "dense_autoencoder", (1, 8, 8), {})
    assert main(["predict", *words, "--out", "out"]) == 1
    assert message in capsys.readouterr().err


def test_a_large_image_is_read_where_it_is_allowed_and_seen_in_tiles(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, out = tmp_path / "aerial.png", tmp_path / "out"
    Image.new("RGB", (100, 90), (128, 64, 0)).save(image)
    # As if Pillow and this program took 1,000 pixels at most, in place of some millions.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    monkeypatch.setattr(image_files, "ALLOWED", image_files.ALLOWED._replace(max_pixels=1_000))
    command = ["predict", str(tiny_run), str(image), "--out", str(out)]
    assert main(command) == 1
    assert "see larger ones in tiles (--tile 720x960), or allow them with --max-pixels" in capsys.readouterr().err
    assert main([*command, "--max-pixels", "10000", "--tile", "48x64"]) == 0
    monkeypatch.undo()
    assert Image.open(out / "aerial_mask.png").size == (100, 90)
    assert main([*command, "--max-pixels", "0"]) == 1


def test_the_folder_has_a_name_of_its_own_each_time(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 48)).save("street.jpg")
    for _ in range(2):
        assert main(["predict", str(tiny_run), "street.jpg"]) == 0
    assert sorted(path.name for path in tmp_path.glob("predictions*/*_mask.png")) == ["street_mask.png"] * 2
    assert (tmp_path / "predictions_2").is_dir()


def test_folders_in_folders_become_folders(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in ("a", "b/c"):
        (tmp_path / "photos" / place).mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(tmp_path / "photos" / place / "street.png")
    words = ["predict", str(tiny_run), str(tmp_path / "photos"), "--out", str(tmp_path / "out")]
    assert main(words) == 1
    assert "take those of its folders too with --recursive" in capsys.readouterr().err
    assert main([*words, "--recursive", "--json", str(tmp_path / "shares.json"), "--polygons", "coco"]) == 0
    masks = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*_mask.png"))
    assert masks == ["a/street_mask.png", "b/c/street_mask.png"]
    rows = json.loads((tmp_path / "shares.json").read_text())
    assert [Path(row["image"]).parent.name for row in rows] == ["a", "c"]
    assert [row["mask"] for row in rows] == masks
    assert sum(rows[0]["shares"].values()) == pytest.approx(1, abs=0.001)
    coco = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert [image["file_name"] for image in coco["images"]] == ["a/street.png", "b/c/street.png"]


def test_an_image_of_standard_input(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "png")
    for content, code in ((buffer.getvalue(), 0), (b"", 1), (b"text", 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert main(["predict", str(tiny_run), "-", "--out", str(tmp_path / "out")]) == code
    assert Image.open(tmp_path / "out" / "stdin_mask.png").size == (64, 48)
    errors = capsys.readouterr().err
    assert "standard input: is empty" in errors
    assert "standard input: cannot be read as an image" in errors


def test_images_at_addresses_are_segmented(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "web" / "a street.png")
    Image.new("RGB", (64, 48)).save(tmp_path / "web" / "a straße.png")
    (tmp_path / "web" / "page.html").write_text("<p>no image</p>")
    (tmp_path / "web" / "text.png").write_text("no image")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=tmp_path / "web")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        names = ("a%20street.png?size=large", "a straße.png", "page.html", "text.png", "none.png")
        words = [f"{address}/{name}" for name in names]
        code = main(["predict", str(tiny_run), *words, "--out", str(tmp_path / "out")])
        server.shutdown()
        thread.join()
    assert code == 1
    masks = sorted(path.name for path in (tmp_path / "out").glob("*_mask.png"))
    assert masks == ["a straße_mask.png", "a street_mask.png"]
    errors = capsys.readouterr().err
    assert f"{address}/page.html: is a page (text/html), not an image" in errors
    assert f"{address}/text.png: cannot be read as an image" in errors
    assert f"{address}/none.png: the server answers 404" in errors


def test_an_address_without_a_server(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tiny_run), "http://127.0.0.1:1/a.png", "--out", str(tmp_path / "out")]) == 1
    assert "http://127.0.0.1:1/a.png: cannot be fetched (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--opacity", "3"], "--opacity 3: from 0, the image alone, to 1"),
        (["--min-area", "-1"], "--min-area -1: 0 pixels or more"),
        (["--tolerance", "nan"], "--tolerance nan: from 0 to 100 pixels"),
        (["--confidence", "12"], "--confidence 12: 8 or 16 bits"),
        (["--classes", "Tram"], "--classes: no class 'Tram'; the model knows Sky"),
        (["--layout", "uncertainty"], "--layout uncertainty needs --samples of 2 or more"),
    ],
)
def test_bounds_are_checked_before_anything_is_written(
    words: list[str], message: str, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "street.jpg")
    assert main(["predict", str(tiny_run), str(tmp_path / "street.jpg"), "--out", str(tmp_path / "out"), *words]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_video_is_for_the_other_command(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clip.mp4").touch()
    assert main(["predict", str(tiny_run), str(tmp_path / "clip.mp4")]) == 1
    assert "clip.mp4: is a video, not an image; use: segnet video MODEL" in capsys.readouterr().err
