"""What a data set reads, and what it refuses."""

import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

from segnet.datasets.classes import CAMVID
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.errors import UserError

IMAGE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
MASK = np.array([[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [11] * 6, [0] * 6], np.uint8)


def write_pair(folder: Path, number: int = 0, image: np.ndarray = IMAGE, mask: np.ndarray = MASK) -> Pair:
    pair = Pair(folder / f"frame{number}.png", folder / f"mask{number}.png")
    Image.fromarray(image).save(pair.image)
    Image.fromarray(mask).save(pair.mask)
    return pair


def first(samples: list[Sample]) -> Sample:
    return samples[0]


def read(pair: Pair) -> Sample:
    return ImagesAndMasks([pair], CAMVID)[0]


def test_a_sample_is_what_the_files_hold(tmp_path: Path) -> None:
    sample = read(write_pair(tmp_path))
    np.testing.assert_array_equal(sample.image, IMAGE)
    np.testing.assert_array_equal(sample.mask, MASK)
    assert sample.name == "frame0"
    assert sample.image.dtype == sample.mask.dtype == np.uint8


def test_the_cache_changes_nothing(tmp_path: Path) -> None:
    small, large = IMAGE, np.full((5, 7, 3), 9, np.uint8)
    pairs = [
        write_pair(tmp_path, 0, small),
        write_pair(tmp_path, 1, large, np.zeros((5, 7), np.uint8)),
        write_pair(tmp_path, 2, 255 - small, 11 - MASK),
    ]
    plain, cached = ImagesAndMasks(pairs, CAMVID), ImagesAndMasks(pairs, CAMVID, cache=True)
    for _ in range(3):
        for index in range(3):
            sample = cached[index]
            np.testing.assert_array_equal(sample.image, plain[index].image)
            np.testing.assert_array_equal(sample.mask, plain[index].mask)
            assert sample.name == plain[index].name
            sample.image[:] = 0  # the next reader's copy is not touched
            sample.mask[:] = 0


def test_cached_samples_come_from_memory_and_forked_workers_share_it(tmp_path: Path) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("processes cannot be forked here")
    pairs = [write_pair(tmp_path, index) for index in range(2)]
    dataset = ImagesAndMasks(pairs, CAMVID, cache=True)
    loader: DataLoader[Sample] = DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_size=1,
        num_workers=1,
        collate_fn=first,
        multiprocessing_context="fork",
    )
    assert len(list(loader)) == 2
    for pair in pairs:
        pair.image.unlink()
        pair.mask.unlink()
    np.testing.assert_array_equal(dataset[1].mask, MASK)


def test_a_spawned_process_reads_the_files(tmp_path: Path) -> None:
    dataset = ImagesAndMasks([write_pair(tmp_path)], CAMVID, cache=True)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset))[0].mask, dataset[0].mask)


def test_of_a_split_over_the_limit_the_first_are_cached(tmp_path: Path) -> None:
    pairs = [write_pair(tmp_path, number) for number in range(2)]
    dataset = ImagesAndMasks(pairs, CAMVID, cache=(4 * 6 * 4 * 2 - 1) / 2**30)
    for index, pair in enumerate(pairs):
        dataset[index]
        pair.image.unlink()
    np.testing.assert_array_equal(dataset[0].mask, MASK)
    with pytest.raises(UserError, match="no such image file"):
        dataset[1]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def as_text(path: Path) -> None:
    path.write_text("not an image")


@pytest.mark.parametrize("damage", [truncated, as_text])
@pytest.mark.parametrize("kind", ["image", "mask"])
def test_damaged_files_are_named(tmp_path: Path, damage: Callable[[Path], None], kind: str) -> None:
    pair = write_pair(tmp_path)
    damage(getattr(pair, kind))
    with pytest.raises(UserError, match=f"^{getattr(pair, kind)}: cannot be read as an image") as error:
        read(pair)
    assert "\n" not in str(error.value)


def test_sizes_that_differ_are_named(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, mask=MASK[:3])
    with pytest.raises(UserError, match=r"mask0\.png: the mask is 6×3 pixels, its image .*frame0.png is 6×4"):
        read(pair)


def test_a_label_without_a_class_is_named(tmp_path: Path) -> None:
    mask = MASK.copy()
    mask[0, 0], mask[1, 1] = 12, 37
    with pytest.raises(UserError, match=r"mask0.png: label 12, 37 found, but there are 11 classes \(0 to 10\) and 11"):
        read(write_pair(tmp_path, mask=mask))


def test_a_mask_in_colours_is_refused_where_indices_are_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mask0.png: the mask holds #\w+ .* class indices are expected here"):
        read(write_pair(tmp_path, mask=IMAGE))


def test_a_16_bit_mask_is_read_by_its_values(tmp_path: Path) -> None:
    assert np.array_equal(read(write_pair(tmp_path, mask=MASK.astype(np.uint16))).mask, MASK)


def test_a_16_bit_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"frame0\.png: an image of 1 channel of 16 bits"):
        read(write_pair(tmp_path, image=MASK.astype(np.uint16)))
