"""The numbers of a run's page as files: JSON for programs, CSV for spreadsheets."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from segnet.datasets.samples import ImagesAndMasks
from segnet.files import write_atomically, write_json
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.metrics.scores import number_or_none
from segnet.report.facts import cost_facts
from segnet.report.summary import certainties, summarize
from segnet.run_files import METRICS

CLASS_COLUMNS = ("iou", "iou_low", "iou_high", "recall", "precision", "boundary_f1", "pixels", "images")


def write_tables(folder: Path, evaluation: Evaluation, predictor: Predictor, dataset: ImagesAndMasks) -> None:
    """Write ``metrics.json`` and a file for each table of the page.

    These are ``per_class.csv``, ``confusion.csv``, ``images.csv``, ``calibration.csv`` and ``certainty.csv``. A cell is
    empty if there is no value.
    """
    summary = summarize(evaluation)
    metrics = evaluation.to_json() | {"cost": cost_facts(evaluation, predictor, dataset)}
    metrics["intervals_95"] = {
        measure.name.lower().replace(" ", "_"): [number_or_none(measure.low), number_or_none(measure.high)]
        for measure in summary.measures
    }
    write_json(folder / METRICS, metrics)
    classes = evaluation.classes.names
    write_csv(
        folder / "per_class.csv",
        ("class", *CLASS_COLUMNS),
        ((row.name, *(getattr(row, column) for column in CLASS_COLUMNS)) for row in summary.classes),
    )
    write_csv(
        folder / "confusion.csv",
        ("truth, predicted as", *classes),
        ((name, *row) for name, row in zip(classes, evaluation.matrix.tolist(), strict=True)),
    )
    write_csv(
        folder / "images.csv",
        ("image", "mean_iou"),
        zip(evaluation.names, evaluation.image_mean_ious.tolist(), strict=True),
    )
    write_csv(
        folder / "certainty.csv",
        ("order", "left_out", "accuracy"),
        (
            (name, left_out, accuracy)
            for name, bins in certainties(evaluation).items()
            for left_out, accuracy in zip(*bins.accuracy_left(), strict=True)
        ),
    )
    bins = evaluation.calibration
    edges = [index / len(bins.pixels) for index in range(len(bins.pixels) + 1)]
    write_csv(
        folder / "calibration.csv",
        ("confidence_above", "confidence_to", "pixels", "correct", "confidence_sum"),
        zip(edges, edges[1:], bins.pixels.tolist(), bins.correct.tolist(), bins.confidence_sum.tolist(), strict=False),
    )


def write_records(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    """Write a row for each record. The items of a list are joined with spaces."""
    rows = (
        [" ".join(map(str, value)) if isinstance(value, list) else value for value in record.values()]
        for record in records
    )
    write_csv(path, list(records[0]), rows)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow("" if isinstance(value, float) and math.isnan(value) else value for value in row)
    write_atomically(path, text.getvalue())
