"""Several runs on one page: their measures, differences and costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.files import write_atomically
from segnet.metrics import SegmentationScores, paired_difference
from segnet.metrics.scores import divide
from segnet.report import plots, style
from segnet.report.facts import NOT_SETTINGS, cost_facts, flat
from segnet.report.gallery import Choice, legend, unlabelled_color
from segnet.report.images import Card, ImageStore
from segnet.report.page import ERROR_LEGEND, save_figures
from segnet.report.runs import MeasuredRun
from segnet.report.summary import summarize
from segnet.report.templating import render
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics

SIGNIFICANT = 0.05
SHOWN = 6
COSTS = (
    ("parameters", "parameters", True),
    ("flops", "FLOP an image", True),
    ("images_per_second", "images a second", False),
)
"""Costs of a run by key, with the label of the axis and whether less is better."""


@dataclass(frozen=True)
class Difference:
    """A run's measure minus the first run's.

    Attributes:
        value: in 0–1.
        low, high: ends of its 95 % interval, by a paired bootstrap.
        p: p-value of the same bootstrap; for classes, after Holm's correction for their number.
    """

    value: float
    low: float
    high: float
    p: float

    @property
    def significant(self) -> bool:
        return self.p < SIGNIFICANT


def write_comparison(runs: Sequence[MeasuredRun], output: Path, figures: Path | None = None) -> Path:
    """Write the page.

    Args:
        runs: two or more, measured on the same images; the others are compared with the first.
        output: the page.
        figures: a folder for the figures as PNG files.

    Raises:
        UserError: there are fewer than two runs, or their images or classes differ.
    """
    check_comparable(runs)
    names = run_names(runs)
    summaries = [summarize(run.evaluation) for run in runs]
    costs = [cost_facts(run.evaluation, run.predictor, run.dataset) for run in runs]
    scores = [run.evaluation.scores.mean_iou for run in runs]
    histories = [read_metrics(RunFolder(run.folder).metrics_csv) for run in runs]
    drawn = {
        f"curve-{column}": plots.run_curves(names, histories, column, label)
        for column, label in (("val_mean_iou", "validation, mean IoU"), ("train_loss", "training loss"))
        if any(row.get(column) for history in histories for row in history)
    }
    if not same_network(costs):
        drawn |= {
            key: plots.pareto(names, [cost[key] for cost in costs], scores, label, fewer) for key, label, fewer in COSTS
        }
    if figures:
        save_figures(figures, drawn)
    store = ImageStore(runs[0].dataset)
    classes = runs[0].evaluation.classes
    content = {
        "names": names,
        "runs": runs,
        "summaries": summaries,
        "costs": costs,
        "differences": [difference_of_means(runs[0], run) for run in runs[1:]],
        "class_differences": [class_differences(runs[0], run) for run in runs[1:]],
        "plots": {name: style.svg(figure, name) for name, figure in drawn.items()},
        "settings": differing_settings(runs),
        "galleries": [(choice, cards_of(runs, store, choice)) for choice in most_different(runs)],
        "legend": legend(classes),
        "error_legend": [*ERROR_LEGEND, ("not labelled", unlabelled_color(classes))],
        "images": store.images,
        "significant": SIGNIFICANT,
    }
    write_atomically(output, render("compare.html", **content))
    return output


def check_comparable(runs: Sequence[MeasuredRun]) -> None:
    if len(runs) < 2:
        raise UserError("a comparison needs two runs or more")
    first = runs[0]
    for run in runs[1:]:
        if run.evaluation.classes.names != first.evaluation.classes.names:
            raise UserError(f"{run.folder}: its classes are not those of {first.folder}; compare runs on the same data")
        if run.evaluation.names != first.evaluation.names:
            raise UserError(
                f"{run.folder}: measured on other images than {first.folder}; name one split for both with --split"
            )


def same_network(costs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all runs have the same costs except for noise. No figure can then compare measures with costs."""
    return len({(cost["parameters"], cost["flops"]) for cost in costs}) == 1


def differing_settings(runs: Sequence[MeasuredRun]) -> list[tuple[str, list[str]]]:
    """Keys whose value differs between the runs, with each run's value; a dash if it has none."""
    configs = [RunFolder(run.folder).read_config() for run in runs]
    settings = [flat(config.model_dump(mode="json")) if config else {} for config in configs]
    rows = {key: [values.get(key, "–") for values in settings] for values in settings for key in values}
    return [(key, row) for key, row in rows.items() if len(set(row)) > 1 and key not in NOT_SETTINGS]


def run_names(runs: Sequence[MeasuredRun]) -> list[str]:
    """Folder names, numbered if two are the same."""
    names = [run.folder.resolve().name for run in runs]
    return [name if names.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, start=1)]


def difference_of_means(first: MeasuredRun, other: MeasuredRun) -> Difference:
    """The difference in mean IoU."""
    found = paired_difference(
        first.evaluation.matrices,
        other.evaluation.matrices,
        lambda matrices: SegmentationScores(matrices).mean_ious,  # type: ignore[arg-type]
    )
    return Difference(float(found.value), float(found.low), float(found.high), float(found.p))


def class_differences(first: MeasuredRun, other: MeasuredRun) -> list[Difference]:
    """The difference in the IoU of each class, with p-values corrected for the number of classes."""
    found = paired_difference(
        hits_and_unions(first.evaluation.matrices),
        hits_and_unions(other.evaluation.matrices),
        lambda parts: divide(parts[..., 0], parts[..., 1]),
        # With so many draws, the smallest p-value can be significant after a correction for 250 classes.
        samples=10_000,
    )
    columns = zip(found.value, found.low, found.high, holm(found.p), strict=True)
    return [Difference(*map(float, column)) for column in columns]


def hits_and_unions(matrices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Hits and unions, from which IoU follows, ``(n, C, 2)``. Whole matrices of many classes would fill the memory."""
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    return np.stack([hits, matrices.sum(2) + matrices.sum(1) - hits], axis=-1)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values after Holm's step-down correction (1979), which limits the chance of a single false alarm among all."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return corrected


def most_different(runs: Sequence[MeasuredRun]) -> list[Choice]:
    """Images whose mean IoU differs most between the runs, the largest difference first."""
    values = np.stack([run.evaluation.image_mean_ious for run in runs])
    spread = values.max(0) - values.min(0)
    order = [int(index) for index in np.argsort(-spread, kind="stable")[:SHOWN] if spread[index] > 0]
    return [Choice(index, f"{100 * spread[index]:.1f} points apart") for index in order]


def cards_of(runs: Sequence[MeasuredRun], store: ImageStore, choice: Choice) -> list[tuple[Card, float]]:
    """A card of the same image for each run, and the run's mean IoU on it."""
    return [
        (store.card(run.evaluation, choice, index), float(run.evaluation.image_mean_ious[choice.number]))
        for index, run in enumerate(runs)
    ]
