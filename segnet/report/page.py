"""The report of a segmentation run: one HTML file that needs no other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet.datasets.samples import ImagesAndMasks
from segnet.files import write_atomically
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.report import plots, style
from segnet.report.facts import changed_settings, cost_facts, effort_facts, shown_costs, training_facts, versions
from segnet.report.gallery import (
    ERROR_COLORS,
    FAILING_CLASSES,
    FAR,
    HIT,
    INVENTED,
    MISSED,
    NEAR,
    data_url,
    extremes,
    failures,
    heat_url,
    legend,
    unlabelled_color,
)
from segnet.report.images import Card, ImageStore, scaled_uncertainty
from segnet.report.summary import Summary, certainties, summarize
from segnet.report.templating import counted, render
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics, read_step_losses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ERROR_LEGEND = [
    ("wrong, beside a boundary", ERROR_COLORS[NEAR]),
    ("wrong, far from any boundary", ERROR_COLORS[FAR]),
]
GRID_CLASSES = 40
"""With more classes, a confusion matrix has too many cells to read, and the page lists the most frequent mistakes."""
MOST_CONFUSED = 30
LEFT_OUT = 0.1
"""The page says the accuracy without this share of the pixels, the least certain."""
CLASS_ERROR_LEGEND = [
    ("missed", ERROR_COLORS[MISSED]),
    ("invented", ERROR_COLORS[INVENTED]),
    ("found", ERROR_COLORS[HIT]),
]


def write_report(
    run_folder: Path,
    evaluation: Evaluation,
    predictor: Predictor,
    dataset: ImagesAndMasks,
    output: Path | None = None,
    figures: Path | None = None,
    split: str | None = None,
) -> Path:
    """Write the page.

    Args:
        run_folder: holds ``config.yaml`` and ``metrics.csv`` if the network was trained here.
        evaluation: the result of ``predictor`` on ``dataset``.
        predictor: gives the costs and, with several samples, the maps of uncertainty.
        dataset: the measured images.
        output: the page; None: ``report.html`` in the run folder.
        figures: a folder for the figures as PNG files; it is created if it does not exist.
        split: name of the measured split; None: the config's val split.

    Returns:
        The page.
    """
    history = read_metrics(RunFolder(run_folder).metrics_csv)
    summary = summarize(evaluation)
    drawn = draw_figures(evaluation, history, read_step_losses(RunFolder(run_folder).losses_csv))
    if figures:
        save_figures(figures, drawn | figures_of_tables(evaluation, summary))
    content = (
        content_of_run(run_folder, history, split)
        | content_of_measures(evaluation, summary)
        | content_of_images(evaluation, predictor, ImageStore(dataset))
    )
    content["skipped"] = RunFolder(run_folder).read_skipped()
    if evaluation.left_out:
        content["skipped"] |= {content["split"]: list(evaluation.left_out.values())}
    content["film"] = film(RunFolder(run_folder).drive)
    content["model"] = predictor.model.info.name
    content["costs"] = shown_costs(cost_facts(evaluation, predictor, dataset))
    content["plots"] = {name: style.svg(figure, name) for name, figure in drawn.items()}
    page = output or RunFolder(run_folder).report
    write_atomically(page, render("report.html", **content))
    return page


def content_of_run(run_folder: Path, history: list[dict[str, str]], split: str | None) -> dict[str, Any]:
    """The template's content on the training, as far as the folder has it."""
    run = RunFolder(run_folder)
    config = run.read_config()
    return {
        "name": run_folder.resolve().name,
        "split": split or (config.data.val if config else "the data"),
        "trained_on": f"{config.data.name} ({config.data.train})" if config else "",
        "training": [*training_facts(config), *effort_facts(history, run.read_machine())] if config else [],
        "changed": changed_settings(config) if config else [],
        "kept": kept_epoch(history),
        "settings": run.config_path.read_text(encoding="utf-8") if config else "",
        "versions": versions(),
    }


def content_of_measures(evaluation: Evaluation, summary: Summary) -> dict[str, Any]:
    """The template's numbers, with their names and colours."""
    return {
        "evaluation": evaluation,
        "summary": summary,
        "absent": [evaluation.classes.names[index] for index in evaluation.scores.absent],
        "confusion": confusion_rows(evaluation) if len(evaluation.classes) <= GRID_CLASSES else [],
        "confusions": most_confused(evaluation),
        "left_out": LEFT_OUT,
        "without": [(name, bins.accuracy_without(LEFT_OUT)) for name, bins in certainties(evaluation).items()],
        "legend": legend(evaluation.classes),
    }


def content_of_images(evaluation: Evaluation, predictor: Predictor, store: ImageStore) -> dict[str, Any]:
    """The template's cards, which fill ``store``, and the meaning of their colours."""
    unlabelled = ("not labelled", unlabelled_color(evaluation.classes))
    return {
        "error_legend": [*ERROR_LEGEND, unlabelled],
        "class_error_legend": [*CLASS_ERROR_LEGEND, unlabelled],
        "galleries": store.cards(evaluation, extremes(evaluation)),
        "failures": store.cards(evaluation, failures(evaluation)),
        "failing_limit": FAILING_CLASSES,
        "uncertain": uncertain_cards(evaluation, predictor, store),
        "images": store.images,
    }


FILM_BYTES = 8_000_000
"""A longer film would make the page too large to send."""


def film(path: Path) -> str:
    """The film of the run as a data URL; empty if there is none, or a large one."""
    if not path.is_file() or path.stat().st_size > FILM_BYTES:
        return ""
    return data_url(path.read_bytes(), "video/mp4")


def kept_epoch(history: list[dict[str, str]]) -> str:
    """The epoch of the measured weights."""
    measured = [row for row in history if row.get("val_mean_iou")]
    if not measured:
        return ""
    best = max(measured, key=lambda row: float(row["val_mean_iou"]))
    trained = counted(len(history), "epoch")
    return f"The training had {trained}. Its best mean IoU on the validation split was after epoch {best['epoch']}."


def draw_figures(
    evaluation: Evaluation, history: list[dict[str, str]], steps: Sequence[tuple[int, float]] = ()
) -> dict[str, "Figure"]:
    """All plots of the page by name."""
    drawn = plots.learning_curves(history) if history else {}
    if steps:
        drawn["step_loss"] = plots.step_loss(steps)
    if np.isfinite(evaluation.image_mean_ious).any():
        drawn["image_order"] = plots.image_order(evaluation.image_mean_ious)
        drawn["image_mean_iou"] = plots.image_histogram(evaluation.image_mean_ious)
    drawn["reliability"] = plots.reliability(evaluation.calibration)
    drawn["accuracy_left"] = plots.accuracy_left(certainties(evaluation))
    return drawn


def figures_of_tables(evaluation: Evaluation, summary: Summary) -> dict[str, "Figure"]:
    """The page's tables as plots, for other documents."""
    rows = summary.classes
    names = [row.name for row in rows]
    return {
        "class_iou": plots.class_bars(names, [row.iou for row in rows], [(row.iou_low, row.iou_high) for row in rows]),
        "confusion": plots.confusion(evaluation.matrix, names),
    }


def save_figures(folder: Path, drawn: Mapping[str, "Figure"]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in drawn.items():
        write_atomically(folder / f"{name}.png", style.png(figure))


def most_confused(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The pairs of classes with the most wrong pixels, most first."""
    matrix, names = evaluation.matrix, evaluation.classes.names
    totals = matrix.sum(1)
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    places = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = [divmod(int(place), len(matrix)) for place in places]
    return [
        {
            "truth": names[row],
            "prediction": names[column],
            "count": int(wrong[row, column]),
            "share": float(wrong[row, column] / totals[row]),
        }
        for row, column in pairs
        if wrong[row, column]
    ]


def confusion_rows(evaluation: Evaluation) -> list[list[dict[str, float | int]]]:
    """Cells of the confusion matrix: count and share of the row, NaN in rows without pixels."""
    matrix = evaluation.matrix
    totals = matrix.sum(1)
    return [
        [{"count": int(count), "share": float(count / total) if total else float("nan")} for count in row]
        for row, total in zip(matrix, totals, strict=True)
    ]


def uncertain_cards(evaluation: Evaluation, predictor: Predictor, store: ImageStore) -> list[tuple[Card, str]]:
    """The worst and the middle image with the map of the spread over dropout samples; empty without samples."""
    if predictor.samples < 2:
        return []
    cards = []
    groups = extremes(evaluation, count=2)
    for choice in groups.get("Worst", []) + groups.get("Median", []):
        sample = store.dataset[choice.number]
        _, (variance,) = predictor.uncertainty([sample.image])
        name = f"uncertainty-{choice.number}"
        store.add(name, heat_url(scaled_uncertainty(variance)), sample.mask.shape)
        cards.append((store.card(evaluation, choice), name))
    return cards
