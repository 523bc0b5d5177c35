"""Several runs on one page."""

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.datasets.classes import ClassSet
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from segnet.inference.predictor import Predictor
from segnet.report.compare import (
    class_differences,
    difference_of_means,
    differing_settings,
    holm,
    most_different,
    write_comparison,
)
from segnet.report.plots import pareto
from segnet.report.runs import MeasuredRun
from segnet.report.templating import points
from tests.report.conftest import HISTORY, HOSTILE, SETTINGS, opened, tiny_evaluation


@pytest.fixture
def runs(tmp_path: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor) -> list[MeasuredRun]:
    return [
        MeasuredRun(tmp_path / name, "val", tiny_dataset, tiny_predictor, tiny_evaluation(tiny_dataset, shift))
        for shift, name in enumerate(("<b>first", "second$"))
    ]


def test_holm_on_the_numbers_of_a_textbook() -> None:
    # As R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_differences_are_second_minus_first(runs: list[MeasuredRun]) -> None:
    first, second = (run.evaluation.scores for run in runs)
    assert difference_of_means(*runs).value == pytest.approx(second.mean_iou - first.mean_iou)
    assert [d.value for d in class_differences(*runs)] == pytest.approx((second.iou - first.iou).tolist())
    # Every image is worse by one more column, so every draw is.
    assert all(d.significant for d in class_differences(*runs))
    assert not any(d.significant for d in class_differences(runs[0], runs[0]))


def test_one_class_of_many_can_differ_for_sure(runs: list[MeasuredRun]) -> None:
    first, second = copy.copy(runs[0]), copy.copy(runs[1])
    first.evaluation, second.evaluation = copy.copy(first.evaluation), copy.copy(second.evaluation)
    classes = ClassSet(tuple(f"c{n}" for n in range(100)), ((0, 0, 0),) * 100, 255)
    for run in (first, second):
        run.evaluation.classes = classes
        run.evaluation.matrices = np.stack([10 * np.eye(100, dtype=np.int64)] * 12)
    second.evaluation.matrices[:, 7, 8] = range(1, 13)
    differences = class_differences(first, second)
    # Class 8's IoU suffers as class 7's does.
    assert [index for index, d in enumerate(differences) if d.significant] == [7, 8]
    assert differences[7].value == pytest.approx(120 / (120 + 78) - 1)


def test_images_that_differ_most_come_first(runs: list[MeasuredRun]) -> None:
    values = np.abs(runs[0].evaluation.image_mean_ious - runs[1].evaluation.image_mean_ious)
    assert most_different(runs)[0].number == int(values.argmax())
    assert most_different([runs[0], runs[0]]) == []


def test_runs_on_other_images_are_refused(runs: list[MeasuredRun], tmp_path: Path) -> None:
    other = copy.copy(runs[1])
    other.evaluation = copy.copy(other.evaluation)
    other.evaluation.names = ["else"] * 5
    with pytest.raises(UserError, match="other images"):
        write_comparison([runs[0], other], tmp_path / "page.html")
    with pytest.raises(UserError, match="two runs"):
        write_comparison(runs[:1], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_page_works_in_a_browser(runs: list[MeasuredRun], tmp_path: Path, browser: Any) -> None:
    path = write_comparison(runs, tmp_path / "comparison.html", tmp_path / "figures")
    text = path.read_text()
    assert text.count("<script>") == 1
    assert HOSTILE not in text
    assert "<b>first" not in text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    # Both are of one network, and neither folder holds a table of epochs.
    assert not any((tmp_path / "figures").iterdir())
    with opened(browser, path, 390) as page:
        prediction = page.locator('.versus [data-kind="prediction"]').first
        errors = page.locator('.versus [data-kind="errors"]').first
        assert (prediction.is_visible(), errors.is_visible()) == (True, False)
        page.locator('input[value="errors"]').click()
        assert (prediction.is_visible(), errors.is_visible()) == (False, True)


def test_settings_and_curves_of_three_runs_stand_side_by_side(
    tmp_path: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor
) -> None:
    runs = []
    for shift, name in enumerate(("a", "b", "c$" * 50)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.yaml").write_text(SETTINGS.replace("epochs: 3", f"epochs: {3 + shift}"))
        (folder / "metrics.csv").write_text(HISTORY)
        runs.append(MeasuredRun(folder, "val", tiny_dataset, tiny_predictor, tiny_evaluation(tiny_dataset, shift)))
    assert differing_settings(runs) == [("training.epochs", ["3", "4", "5"])]
    text = write_comparison(runs, tmp_path / "page.html", tmp_path / "figures").read_text()
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {"curve-val_mean_iou", "curve-train_loss"}
    assert "All runs have the same network" in text
    assert not re.search(r"\bp 0\.", text)
    difference = difference_of_means(runs[0], runs[1])
    assert f"{points(difference.value)} <small>{points(difference.low)} to {points(difference.high)}</small>" in text


def test_no_line_joins_runs_of_one_cost() -> None:
    def lines(costs: list[float]) -> int:
        return len(pareto(["a", "b"], costs, [0.5, 0.6], "FLOP", fewer=True).axes[0].lines)

    assert lines([1e9, 2e9]) == 1
    assert lines([1e9, 1.005e9]) == 0
