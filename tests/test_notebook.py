"""The notebook of docs/python.md runs from top to bottom, and shows images, tables and a film."""

import os
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "python.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook's cells, run in a folder of their own."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install .[dev]")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install .[dev]")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed: pip install .[dev]")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = tmp_path_factory.mktemp("notebook")
    client = nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}})
    source = str(NOTEBOOK.parents[1])
    path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    client.execute(env=os.environ | {"PYTHONPATH": path})
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cells: Any, code: str) -> dict[str, Any]:
    """What the cell with ``code`` shows at its end, by type."""
    cell = next(cell for cell in cells if code in cell.source)
    return next((dict(output.data) for output in cell.outputs if output.output_type == "execute_result"), {})


def test_predictions_are_shown_as_images(cells: Any) -> None:
    assert "image/png" in shown(cells, "model.predict(street")


def test_models_runs_measures_and_films_are_shown_as_html(cells: Any) -> None:
    assert "Bicyclist" in shown(cells, "segnet.load")["text/html"]
    assert "mean_iou" in shown(cells, "segnet.train")["text/html"]
    assert "mean IoU" in shown(cells, "segnet.evaluate")["text/html"]
    assert shown(cells, "segnet.video")["text/html"].startswith("<video controls")


def test_the_measures_are_those_of_the_run(cells: Any) -> None:
    (output,) = next(cell for cell in cells if "is the run's" in cell.source).outputs
    measured, _, of_run = output.text.strip().partition(" is the run's ")
    assert measured == of_run


def test_the_notebook_is_kept_without_outputs() -> None:
    assert '"outputs": []' in NOTEBOOK.read_text()
    assert "image/png" not in NOTEBOOK.read_text()
