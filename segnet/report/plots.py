"""The plots of the report and of the comparison, drawn by Matplotlib in the look of :mod:`segnet.report.style`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segnet.metrics import CalibrationBins
from segnet.report.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SERIES,
    WIDTH,
    as_percent,
    bare_figure,
    dress,
    few_ticks,
    legend,
    new_figure,
    percent,
    shortened,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, str]
Floats = NDArray[np.float64]


def learning_curves(rows: Sequence[Row]) -> dict[str, "Figure"]:
    """Losses, measures and learning rate over the epochs of ``metrics.csv``, as far as it has them."""
    rate, axis = new_figure("epoch", "learning rate")
    draw_columns(axis, rows, {"lr": "learning rate"})
    figures = {"loss": loss_curve(rows), "learning_rate": rate}
    names = {
        "val_mean_iou": "mean IoU",
        "val_class_accuracy": "class accuracy",
        "val_global_accuracy": "global accuracy",
    }
    if any(row.get(name) for row in rows for name in names):
        figures["measures"], axis = new_figure("epoch", "validation")
        draw_columns(axis, rows, names)
        as_percent(axis)
    return figures


def loss_curve(rows: Sequence[Row]) -> "Figure":
    """Loss on both splits, on a logarithmic axis if all values are above zero."""
    figure, axis = new_figure("epoch", "loss")
    draw_columns(axis, rows, {"train_loss": "training", "val_loss": "validation"})
    if all(float(row[name]) > 0 for row in rows for name in ("train_loss", "val_loss") if row.get(name)):
        axis.set_yscale("log")
        few_ticks(axis.yaxis)
    return figure


def draw_columns(axis: "Axes", rows: Sequence[Row], names: Mapping[str, str]) -> None:
    """Draw a line for each column. Epochs without a value are skipped."""
    for color, (name, label) in zip(SERIES, names.items(), strict=False):
        points = [(int(row["epoch"]), float(row[name])) for row in rows if row.get(name)]
        if points:
            marker = "o" if len(points) < 3 else None
            axis.plot(*zip(*points, strict=True), color=color, label=label, marker=marker, linewidth=1.6)
    # The axis covers all epochs, even those without a value, so that neighbouring figures can be read together.
    first, last = int(rows[0]["epoch"]), int(rows[-1]["epoch"])
    margin = max(0.5, 0.03 * (last - first))
    axis.set_xlim(first - margin, last + margin)
    axis.locator_params(axis="x", integer=True)
    if len(axis.lines) > 1:
        legend(axis)


def image_histogram(values: Floats) -> "Figure":
    """Distribution of the images' mean IoU, with the median marked."""
    values = values[~np.isnan(values)]
    figure, axis = new_figure("mean IoU of an image", "images")
    axis.hist(values, bins=20 if values.size < 50 else 40, range=(0, 1), color=BLUE, rwidth=0.9)
    if values.size:
        axis.axvline(
            float(np.median(values)),
            color=ORANGE,
            linestyle="--",
            label=f"median {percent(np.median(values).round(2))}",
        )
        legend(axis)
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(percent)
    axis.locator_params(axis="y", integer=True)
    return figure


def image_order(values: Floats) -> "Figure":
    """The images' mean IoU in the data set's order. In frames of a drive, failures in one place lie together."""
    figure, axis = new_figure("image, in the data's order", "mean IoU")
    axis.plot(range(1, len(values) + 1), values, color=BLUE, marker="o", markersize=3, linewidth=0.8)
    as_percent(axis)
    axis.locator_params(axis="x", integer=True)
    return figure


def step_loss(steps: Sequence[tuple[int, float]]) -> "Figure":
    """Training loss of each step and its running mean, on a logarithmic axis if all values are above zero."""
    figure, axis = new_figure("step", "training loss")
    places, losses = np.array(steps).T
    axis.plot(places, losses, color=MUTED, alpha=0.5, linewidth=0.8, label="step")
    width = max(1, len(losses) // 50)
    means = np.convolve(losses, np.full(width, 1 / width), "valid")
    axis.plot(places[width - 1 :], means, color=BLUE, linewidth=1.6, label=f"mean of {width}")
    if losses.min() > 0:
        axis.set_yscale("log")
        few_ticks(axis.yaxis)
    axis.locator_params(axis="x", integer=True)
    legend(axis)
    return figure


def class_bars(names: Sequence[str], ious: Sequence[float], intervals: Sequence[tuple[float, float]]) -> "Figure":
    """IoU of each class with its interval; classes without one are left out."""
    rows = [row for row in zip(names, ious, intervals, strict=True) if not np.isnan(row[1])][::-1]
    figure = bare_figure(4.6, 0.8 + 0.27 * len(rows))
    axis = figure.subplots()
    dress(axis, "IoU", "")
    places = np.arange(len(rows))
    values = np.array([value for _, value, _ in rows])
    ends = np.array([interval for *_, interval in rows]).reshape(-1, 2)
    # A percentile interval may lie beside its value, and a bar of negative length cannot be drawn.
    reach = np.clip([values - ends[:, 0], ends[:, 1] - values], 0, None)
    axis.barh(places, values, 0.7, color=BLUE)
    axis.errorbar(values, places, xerr=reach, fmt="none", ecolor=INK, elinewidth=1)
    axis.set_yticks(places, [shortened(name) for name, *_ in rows], color=INK, parse_math=False)
    axis.grid(visible=False, axis="y")
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(percent)
    return figure


def share_bars(names: Sequence[str], shares: Floats, colors: Sequence[Any], label: str) -> "Figure":
    """A bar in its colour for each name, with the share beside it, so that a small one can be read too."""
    figure = bare_figure(6, 0.8 + 0.27 * len(names))
    axis = figure.subplots()
    dress(axis, label, "")
    places = np.arange(len(names))[::-1]
    bars = axis.barh(places, shares, 0.7, color=colors, edgecolor=MUTED, linewidth=0.5)
    texts = ["none" if share == 0 else f"{100 * share:.3g} %" for share in shares]
    axis.bar_label(bars, texts, padding=4, color=INK, fontsize=9)
    axis.set_yticks(places, [shortened(name) for name in names], color=INK, parse_math=False)
    axis.grid(visible=False, axis="y")
    axis.set_xlim(0, 1.15 * float(shares.max()) or 1)
    axis.xaxis.set_major_formatter(percent)
    return figure


LARGEST_SIDE = 24
"""Inches of a figure of many classes; its labels are then small, and its PNG file has 3,840 pixels a side."""


def confusion(matrix: NDArray[np.int64], names: Sequence[str]) -> "Figure":
    """For each class (row), the share of its pixels that were predicted as each class (column)."""
    totals = matrix.sum(1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    labels = [shortened(name) for name in names]
    # Long names need room beside and above the cells.
    side = min(LARGEST_SIDE, 1.6 + 0.42 * len(names) + 0.07 * max(map(len, labels)))
    figure = bare_figure(side, side)
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= 40:
        for row, column in zip(*np.nonzero(shares >= 0.005), strict=True):
            share = shares[row, column]
            color = "white" if share > 0.6 else INK
            axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=color, fontsize=8)
    places = range(len(names))
    size = min(10, 60 * side / len(names))
    axis.set_yticks(places, labels, color=INK, fontsize=size, parse_math=False)
    axis.set_xticks(places, labels, color=INK, fontsize=size, rotation=90, parse_math=False)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("prediction", color=INK)
    axis.set_ylabel("truth", color=INK)
    axis.set_title("share of the truth's pixels in %", color=MUTED, fontsize=9)
    return figure


def reliability(bins: CalibrationBins) -> "Figure":
    """Accuracy against confidence, and the number of pixels with that confidence."""
    figure = bare_figure(WIDTH, 3.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    some = bins.pixels > 0
    middle = (np.arange(len(bins.pixels)) + 0.5) / len(bins.pixels)
    width = 0.9 / len(bins.pixels)
    accuracy = np.divide(bins.correct, bins.pixels, out=np.zeros(len(middle)), where=some)
    upper.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1.2, label="as sure as right", zorder=3)
    upper.bar(middle[some], accuracy[some], width, color=BLUE, label="accuracy")
    lower.bar(middle, bins.pixels / max(int(bins.pixels.sum()), 1), width, color=ORANGE)
    dress(upper, "", "accuracy")
    dress(lower, "confidence", "pixels")
    as_percent(upper)
    lower.yaxis.set_major_formatter(percent)
    lower.xaxis.set_major_formatter(percent)
    lower.set_xlim(0, 1)
    legend(upper, loc="upper left")
    return figure


def accuracy_left(curves: Mapping[str, CalibrationBins]) -> "Figure":
    """Accuracy of the remaining pixels as the least certain are left out, with a line for each measure of certainty."""
    figure, axis = new_figure("least certain pixels left out", "accuracy of the rest")
    for color, (label, bins) in zip(SERIES, curves.items(), strict=False):
        places, accuracies = bins.accuracy_left()
        # Where all pixels are equally certain, the curve is a point.
        marker = "o" if len(places) == 1 else None
        axis.plot(places, accuracies, color=color, label=label, marker=marker, linewidth=1.6, clip_on=False)
    axis.xaxis.set_major_formatter(percent)
    axis.yaxis.set_major_formatter(percent)
    axis.set_xlim(0, 1)
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, 0), min(high, 1))
    if len(curves) > 1:
        # The legend stands above the axes, because the curves leave no corner free.
        legend(axis, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return figure


def pareto(names: Sequence[str], costs: Sequence[float], scores: Sequence[float], cost: str, fewer: bool) -> "Figure":
    """Mean IoU against a cost. A line joins the runs that no other run beats in both.

    Args:
        names: names of the runs.
        costs: their costs.
        scores: their mean IoU, 0–1.
        cost: name of the axis.
        fewer: whether a lower cost is better; else a higher one.
    """
    figure, axis = new_figure(cost, "mean IoU")
    sign = 1 if fewer else -1
    points = sorted(zip(costs, scores, names, strict=True), key=lambda point: (sign * point[0], -point[1]))
    front: list[tuple[float, float]] = []
    for x, y, name in points:
        if not front or y > front[-1][1]:
            front.append((x, y))
        side = "left" if x * x < min(costs) * max(costs) else "right"
        # The label is on the side of its point where the front does not pass. The front rises with a cost and falls
        # with a speed. It also keeps clear of the points above and below, which runs of one network have.
        below = (side == "left") == fewer
        place = (7 if side == "left" else -7, -11 if below else 4)
        label = axis.annotate(name, (x, y), place, textcoords="offset points", color=INK, ha=side, parse_math=False)
        # A long name may reach over the edge. The axes keep their size.
        label.set_in_layout(False)
    # Runs of one network cost the same except for noise. A line between them would be misleading.
    if front[-1][0] > SAME_COST * front[0][0] or front[0][0] > SAME_COST * front[-1][0]:
        axis.plot(*zip(*front, strict=True), color=MUTED, linestyle="--", linewidth=1)
    axis.scatter(costs, scores, color=BLUE, zorder=3)
    axis.set_xscale("log")
    few_ticks(axis.xaxis)
    axis.yaxis.set_major_formatter(percent)
    axis.margins(0.2)
    return figure


SAME_COST = 1.01
LONG_NAME = 14
"""Letters of a run's name in a legend of two columns."""


def run_curves(names: Sequence[str], histories: Sequence[Sequence[Row]], column: str, label: str) -> "Figure":
    """A column of each run's ``metrics.csv`` over its epochs. From five runs on, lines differ by their dashes too."""
    figure, axis = new_figure("epoch", label)
    for index, (name, rows) in enumerate(zip(names, histories, strict=True)):
        points = [(int(row["epoch"]), float(row[column])) for row in rows if row.get(column)]
        if points:
            axis.plot(
                *zip(*points, strict=True),
                color=SERIES[index % len(SERIES)],
                linestyle=("-", "--", ":", "-.")[index // len(SERIES) % 4],
                marker="o" if len(points) < 3 else None,
                linewidth=1.6,
                label=shortened(name),
            )
    whole_numbers(axis)
    if column.startswith("val_"):
        axis.yaxis.set_major_formatter(percent)
    # The legend stands below the axes, because curves of several runs leave no corner free.
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(
        handles,
        [text.replace("$", r"\$") for text in labels],
        loc="outside lower left",
        # Two long names do not fit beside each other.
        ncols=1 if any(len(name) > LONG_NAME for name in names) else 2,
        frameon=False,
        labelcolor=INK,
        fontsize=9,
    )
    return figure
