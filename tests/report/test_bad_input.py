"""Pages of runs that are out of the ordinary stay readable, at the width of a telephone too."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.datasets.classes import ClassSet
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluate import evaluate
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.report.compare import write_comparison
from segnet.report.page import most_confused, write_report
from segnet.report.runs import MeasuredRun
from tests.report.bad_pages import (
    LONG,
    NAMES,
    TRIALS,
    dataset_of,
    inspection_page,
    predictor_of,
    ranking_page,
    tuning_page,
)
from tests.report.conftest import HISTORY, SETTINGS, axe_violations, opened, tiny_evaluation

HEAD, ROW = HISTORY.splitlines()[0], HISTORY.splitlines()[-1].partition(",")[2]
LARGEST = 3_000_000
"""Bytes of a page that can still be sent to anyone."""


def evaluation_of(dataset: ImagesAndMasks, names: tuple[str, ...]) -> Evaluation:
    """The tiny evaluation with other classes: of class n, n pixels are right and one is taken for the next."""
    evaluation, count = tiny_evaluation(dataset, shift=1), len(names)
    colors = tuple((n % 256, 7 * n % 256, 31 * n % 256) for n in range(count))
    evaluation.classes = ClassSet(names, colors, 255)
    matrix = np.diag(np.arange(count)) + np.roll(np.eye(count, dtype=np.int64), 1, axis=1)
    evaluation.matrices = np.stack([matrix] * len(dataset))
    evaluation.boundary = np.full((len(dataset), count), 0.5)
    return evaluation


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_any_classes_fit_the_page(
    names: tuple[str, ...],
    run_folder: Path,
    tiny_dataset: ImagesAndMasks,
    tiny_predictor: Predictor,
    browser: Any,
) -> None:
    evaluation = evaluation_of(tiny_dataset, names)
    path = write_report(run_folder, evaluation, tiny_predictor, tiny_dataset, figures=run_folder / "figures")
    assert path.stat().st_size < LARGEST
    with opened(browser, path, 390) as page:
        widest = page.locator("tbody th").evaluate_all("cells => Math.max(...cells.map(c => c.offsetWidth))")
        # The name leaves room for its numbers.
        assert widest < 390 - 100
        assert (page.locator("table.confusion").count() == 1) == (len(names) <= 40)
    runs = [MeasuredRun(run_folder, "val", tiny_dataset, tiny_predictor, evaluation) for _ in range(2)]
    with opened(browser, write_comparison(runs, run_folder / "compare.html"), 390):
        pass


def test_the_most_frequent_mistakes_come_first(tiny_dataset: ImagesAndMasks) -> None:
    evaluation = evaluation_of(tiny_dataset, ("a", "b", "c"))
    evaluation.matrices[:, 2, 0] = 5
    first, second, *_ = most_confused(evaluation)
    # 25 of the 35 pixels of c; of a, all 5.
    assert first == {"truth": "c", "prediction": "a", "count": 25, "share": pytest.approx(25 / 35)}
    assert second == {"truth": "a", "prediction": "b", "count": 5, "share": 1.0}


@pytest.mark.parametrize("epochs", [0, 1, 10_000])
def test_any_number_of_epochs_fits_the_page(
    epochs: int, run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor, browser: Any
) -> None:
    rows = "".join(f"{epoch},{ROW}\n" for epoch in range(1, epochs + 1))
    (run_folder / "metrics.csv").write_text(f"{HEAD}\n{rows}")
    path = write_report(run_folder, tiny_evaluation(tiny_dataset, shift=1), tiny_predictor, tiny_dataset)
    assert path.stat().st_size < LARGEST
    with opened(browser, path, 390) as page:
        assert page.locator("#training").count() == (epochs > 0)


def test_a_run_without_measures_has_a_page(
    run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor, browser: Any
) -> None:
    (run_folder / "metrics.csv").write_text("epoch,step,lr,train_loss\n1,2,0.1,1.5\n2,4,0.1,nan\n")
    evaluation = tiny_evaluation(tiny_dataset, shift=1)
    evaluation.matrices[:] = 0
    evaluation.boundary[:] = np.nan
    path = write_report(run_folder, evaluation, tiny_predictor, tiny_dataset)
    with opened(browser, path, 390) as page:
        assert page.locator(".headline .value").first.inner_text() == "– %"
        assert "nan" not in page.locator("body").inner_text().lower()


def check_readable(path: Path, browser: Any) -> None:
    """The page is small enough to send, fits both widths, and writes no value that is not there."""
    assert path.stat().st_size < LARGEST
    for width in (1280, 390):
        with opened(browser, path, width) as page:
            text = page.locator("header, main").all_inner_texts()
            assert not re.findall(r"\b(nan|inf|None|1 classes|1 epochs|1 images)\b", " ".join(text))


@pytest.mark.parametrize("with_labels", [False, True], ids=["images", "labels"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_ranking_with_any_classes_and_names_fits_its_page(
    names: tuple[str, ...], with_labels: bool, tmp_path: Path, browser: Any
) -> None:
    path = ranking_page(tmp_path, names, with_labels)
    check_readable(path, browser)
    with opened(browser, path, 390) as page:
        # The colours of many classes would push the images out of sight.
        legend = page.locator('[aria-label="Colours of the classes"]')
        assert legend.is_visible() == (len(names) <= 40)


def test_a_ranking_whose_scores_are_all_zero_has_a_page(tmp_path: Path, browser: Any) -> None:
    check_readable(ranking_page(tmp_path, ("a", "b"), False, (0.0, 0.0)), browser)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_data_set_with_any_classes_and_names_fits_its_page(
    names: tuple[str, ...], tmp_path: Path, browser: Any
) -> None:
    path = inspection_page(tmp_path, names)
    check_readable(path, browser)
    count = "1 class" if len(names) == 1 else f"{len(names)} classes"
    assert f"images with masks, {count}." in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", TRIALS)
def test_a_search_with_any_trials_fits_its_page(kind: str, tmp_path: Path, browser: Any) -> None:
    path = tuning_page(tmp_path, TRIALS[kind], 1 if kind == "one epoch" else 10_000)
    check_readable(path, browser)
    text = path.read_text(encoding="utf-8")
    has_value = any(trial.value is not None for trial in TRIALS[kind])
    assert ("best.yaml" in text) == ("<figure" in text) == has_value
    assert ('id="trials"' in text) == bool(TRIALS[kind])
    assert f"up to {'1 epoch' if kind == 'one epoch' else '10,000 epochs'} a trial" in text


@pytest.mark.parametrize("count", [2, 8])
@pytest.mark.parametrize("epochs", [0, 1, 10_000])
def test_runs_of_any_length_and_name_can_be_compared(epochs: int, count: int, tmp_path: Path, browser: Any) -> None:
    dataset, predictor = dataset_of(tmp_path / "data", ("a", "b")), predictor_of(("a", "b"))
    evaluation = evaluate(predictor, dataset)
    runs = []
    for number in range(count):
        folder = tmp_path / f"{number}{LONG}"
        folder.mkdir()
        (folder / "config.yaml").write_text(f"{SETTINGS}seed: {number}\n")
        (folder / "metrics.csv").write_text(HEAD + "\n" + "".join(f"{n},{ROW}\n" for n in range(1, epochs + 1)))
        runs.append(MeasuredRun(folder, "val", dataset, predictor, evaluation))
    path = write_comparison(runs, tmp_path / "compare.html")
    check_readable(path, browser)
    text = path.read_text(encoding="utf-8")
    assert "The runs have the same mean IoU on every image." in text
    assert ("How they learned" in text) == (epochs > 0)


def test_runs_without_measures_can_be_compared(
    run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor, browser: Any
) -> None:
    (run_folder / "metrics.csv").write_text("epoch,step,lr,train_loss\n1,2,0.1,1.5\n2,4,0.1,nan\n")
    evaluation = tiny_evaluation(tiny_dataset, shift=1)
    evaluation.matrices[:] = 0
    evaluation.boundary[:] = np.nan
    runs = [MeasuredRun(run_folder, "val", tiny_dataset, tiny_predictor, evaluation) for _ in range(2)]
    path = write_comparison(runs, run_folder / "compare.html")
    check_readable(path, browser)
    assert "––" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["report", "comparison", "search", "data set"])
def test_pages_pass_axe(kind: str, scheme: str, run_folder: Path, tmp_path: Path, browser: Any) -> None:
    """With one class, all cells of the confusion matrix have their strongest colour."""
    dataset, predictor = dataset_of(tmp_path / "data", ("only",)), predictor_of(("only",))
    evaluation = evaluate(predictor, dataset)
    if kind == "report":
        path = write_report(run_folder, evaluation, predictor, dataset)
    elif kind == "comparison":
        runs = [MeasuredRun(run_folder, "val", dataset, predictor, evaluation) for _ in range(2)]
        path = write_comparison(runs, run_folder / "compare.html")
    elif kind == "search":
        path = tuning_page(tmp_path, TRIALS["values of 200 letters"])
    else:
        path = inspection_page(tmp_path, ("only",))
    assert axe_violations(browser, path, scheme) == []
