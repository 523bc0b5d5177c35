"""What the memory does not carry is a sentence."""

import numpy as np
import pytest

from segnet.errors import UserError
from segnet.inference import memory
from segnet.inference.memory import check_memory, check_row
from segnet.inference.predictor import Predictor
from segnet.nn.saved import SavedModel


def test_logits_and_probabilities_have_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    # 11 classes of 4 bytes for 25 million pixels, three times over: 3.3 GB.
    monkeypatch.setattr(memory, "free_memory", lambda: 3_300_000_000)
    check_memory((5000, 5000), (5000, 5000), 11)
    monkeypatch.setattr(memory, "free_memory", lambda: 3_299_999_999)
    with pytest.raises(UserError, match=r"5000x5000, seen at 5000x5000, takes 3\.3 GB at least, and 3\.3 GB are free"):
        check_memory((5000, 5000), (5000, 5000), 11)
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    check_memory((5000, 5000), (5000, 5000), 11)


def test_a_scale_that_is_too_large_is_refused_before_it_runs(
    model: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LARGE", 10_000)
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000)
    image = np.zeros((48, 64, 3), np.uint8)
    assert Predictor(model).classes_of([image]).shape == (1, 48, 64)
    with pytest.raises(UserError, match="seen at 192x256"):
        Predictor(model, scales=(1.0, 4.0)).classes_of([image])


def test_a_row_of_tiles_has_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    # 11 classes of 4 bytes for 720 rows of 100,000 pixels: 3.2 GB.
    monkeypatch.setattr(memory, "free_memory", lambda: 3_168_000_000)
    check_row((720, 960), (90_000, 100_000), 11)
    check_row((720, 960), (100, 100_000), 11)
    # A quarter of the height takes 0.8 GB, which is less than half of what is free.
    monkeypatch.setattr(memory, "free_memory", lambda: 3_000_000_000)
    with pytest.raises(
        UserError, match=r"across 100000 pixels takes 3\.2 GB at least.*flatter tiles fit: --tile 180x960"
    ):
        check_row((720, 960), (90_000, 100_000), 11)
    monkeypatch.setattr(memory, "free_memory", lambda: 100_000_000)
    with pytest.raises(UserError, match="cut the image into narrower ones"):
        check_row((720, 960), (90_000, 100_000), 11)
