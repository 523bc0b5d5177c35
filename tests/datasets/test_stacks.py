"""Every page of a TIFF stack is a sample, through every way to read a folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.config import DataConfig
from segnet.datasets.image_files import read_image
from segnet.datasets.load import load_split
from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.shards import load_shards, write_shards
from segnet.errors import UserError


def save(path: Path, pages: list[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = (Image.fromarray(page.astype(np.uint8)) for page in pages)
    first.save(path, save_all=True, append_images=rest)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A stack of three pages, a stack of two and a plain image; page ``p`` is of the value 10 p, its mask of p."""
    for name, count in (("a.tif", 3), ("b.tiff", 2), ("c.png", 1)):
        save(tmp_path / "images" / name, [np.full((6, 8, 3), 10 * page) for page in range(count)])
        save(tmp_path / "masks" / name, [np.full((6, 8), page) for page in range(count)])
    return tmp_path


def load(root: Path, **settings: object) -> ImagesAndMasks:
    given = {"name": "folder", "root": str(root), "classes": ["zero", "one", "two"], **settings}
    return load_split(DataConfig.model_validate(given), "all")


@pytest.mark.parametrize("settings", [{}, {"format": "generic"}, {"on_error": "skip"}, {"cache": 0.0}])
def test_each_page_is_a_sample_with_its_page_of_the_mask(root: Path, settings: dict[str, object]) -> None:
    data = load(root, **settings)
    samples = [data[index] for index in range(len(data))]
    assert [sample.name for sample in samples] == ["a_0000", "a_0001", "a_0002", "b_0000", "b_0001", "c"]
    pages = [0, 1, 2, 0, 1, 0]
    assert [sample.image[0, 0].tolist() for sample in samples] == [[10 * page] * 3 for page in pages]
    assert [int(sample.mask.max()) for sample in samples] == pages


def test_pages_go_into_shards_and_come_back(root: Path, tmp_path: Path) -> None:
    data = load(root)
    write_shards(data, tmp_path / "shards" / "all")
    back = load_shards(str(tmp_path / "shards"), "all")
    for index in range(len(data)):
        np.testing.assert_array_equal(back[index].image, data[index].image)
        np.testing.assert_array_equal(back[index].mask, data[index].mask)


def test_a_mask_without_a_page_is_named(root: Path) -> None:
    save(root / "masks" / "b.tiff", [np.zeros((6, 8))])
    with pytest.raises(UserError, match=r"masks/b\.tiff: has 1 pages, its image .*b\.tiff 2; both need as many"):
        load(root)


def test_a_page_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"a\.tif: cannot be read as an image"):
        read_image(root / "images" / "a.tif", page=7)
