"""Rankings that cannot be made: of what is no set of images, or with a model that does not fit."""

import shutil
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from tests.faults.programs import segnet
from tests.faults.rows import Row, fault


@pytest.fixture
def photos(tiny_camvid: Path, tmp_path: Path) -> Path:
    """A folder of four images."""
    return Path(shutil.copytree(tiny_camvid / "val", tmp_path / "photos"))


@pytest.mark.parametrize("images", [0, 1])
@fault(
    "Rankings",
    "`segnet rank` for a folder with no image, or with one",
    shown="…image…; give …",
    kept="nothing is written",
)
def test_a_ranking_needs_two_images(images: int, model: Path, tmp_path: Path, row: Row) -> None:
    (tmp_path / "photos").mkdir()
    for index in range(images):
        Image.new("RGB", (64, 48)).save(tmp_path / "photos" / f"{index}.png")
    row.check(*segnet("rank", model, tmp_path / "photos", "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@fault(
    "Rankings",
    "a damaged image among others that are ranked",
    shown="1 of 4 images left out, named above; the others are in …out",
    kept="the ranking of the others",
)
def test_a_damaged_image_among_others(photos: Path, model: Path, tmp_path: Path, row: Row) -> None:
    damaged = sorted(photos.iterdir())[1]
    damaged.write_bytes(damaged.read_bytes()[:100])
    row.check(*segnet("rank", model, photos, "--out", tmp_path / "out"))
    assert len((tmp_path / "out" / "ranking.csv").read_text().splitlines()) == 1 + 3


@fault(
    "Rankings",
    "`segnet rank --labels` with a model whose classes differ from the data's",
    shown="the model knows 11 classes (Sky, Building, Pole, ...), the data 10 (…, ...); rank data of its own classes, "
    "or give a config whose data.merge makes them",
    kept="nothing is written",
)
def test_a_model_with_other_classes_is_refused(model: Path, tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    config = tmp_path / "data.yaml"
    data = f"data: {{root: {tiny_camvid}, merge: {{bright: [Car, Sky]}}}}"
    config.write_text(f"{data}\nmodel: {{name: segnet_lite}}\ntraining: {{epochs: 1}}\n")
    row.check(*segnet("rank", model, config, "--labels", "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@fault(
    "Rankings",
    "an autoencoder instead of a segmentation model",
    shown="autoencoder: is an autoencoder, which has no classes; look into it with segnet demo …autoencoder",
    kept="nothing is written",
)
def test_an_autoencoder_is_refused_by_name(photos: Path, tmp_path: Path, row: Row) -> None:
    folder, shape = tmp_path / "autoencoder", (1, 8, 8)
    network = build_autoencoder("dense_autoencoder", shape)
    save_autoencoder(folder, network, "dense_autoencoder", shape, {})
    row.check(*segnet("rank", folder, photos, "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inside", [".", "out"])
@fault(
    "Rankings",
    "`segnet rank` with an output folder that is the input, or lies inside it",
    shown="--out …: is inside the input …photos; name a folder elsewhere",
    kept="it is refused before the network runs",
)
def test_an_output_inside_the_input(inside: str, photos: Path, model: Path, row: Row) -> None:
    before = sorted(photos.iterdir())
    row.check(*segnet("rank", model, photos, "--out", photos / inside))
    assert sorted(photos.iterdir()) == before


@fault("Rankings", "Ctrl-C during a ranking", shown="stopped", code=130, kept="nothing is written")
def test_ctrl_c_in_a_ranking(photos: Path, model: Path, tmp_path: Path, row: Row) -> None:
    row.check(*segnet("rank", model, photos, "--out", tmp_path / "out", before=(partial(signal_at_image, 3),)))
    assert not (tmp_path / "out").exists()


def signal_at_image(image: int) -> None:
    """Receive Ctrl-C before an image is ranked."""
    from segnet.inference.predictor import Predictor

    original, seen = Predictor.entropies, []

    def entropies(self: Predictor, images: Any) -> Any:
        seen.append(1)
        if len(seen) == image:
            signal.raise_signal(signal.SIGINT)
        return original(self, images)

    # A shell's background job ignores Ctrl-C, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    Predictor.entropies = entropies  # type: ignore[method-assign]
