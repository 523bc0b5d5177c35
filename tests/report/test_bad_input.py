"""Pages of runs that are out of the ordinary stay readable, at the width of a telephone too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.datasets.classes import ClassSet
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.report.compare import write_comparison
from segnet.report.page import most_confused, write_report
from segnet.report.runs import MeasuredRun
from tests.report.conftest import HISTORY, opened, tiny_evaluation

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


@pytest.mark.parametrize(
    "names",
    [("only",), tuple(f"class {n}" for n in range(200)), ("x" * 200, "word " * 40, "road")],
    ids=["one class", "200 classes", "names of 200 letters"],
)
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
