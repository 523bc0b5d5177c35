"""Figures of autoencoders' reports: rows of images, curves, maps, in the look of :mod:`segnet.report.style`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segnet.inference.autoencoders.compression import RatePoint
from segnet.report import plots, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float32]
GAP = 2
"""Pixels between images. Without them, digits that fill their squares would touch."""
ROWS_WIDTH, LABEL_HEIGHT = 5.5, 0.28
"""Inches. On a screen of 390 pixels the figure is 350 wide, and letters of 10 points are 9 pixels high."""
BETWEEN = np.nan
"""The gap is transparent, so that images of any grey are set apart from each other."""


def image_rows(rows: Mapping[str, Floats]) -> "Figure":
    """Rows of images (N, C, H, W) float in 0–1 below each other, each with a label.

    The labels stand above their rows. Beside them they would take so much of a narrow screen that the figure and its
    letters would be too small to read.
    """
    height, width = side_by_side(next(iter(rows.values()))).shape[:2]
    figure = style.bare_figure(ROWS_WIDTH, len(rows) * (ROWS_WIDTH * height / width + LABEL_HEIGHT))
    axes: list[Axes] = list(figure.subplots(len(rows), 1, squeeze=False).flat)
    for axis, (label, images) in zip(axes, rows.items(), strict=True):
        show(axis, side_by_side(images))
        axis.set_title(label, loc="left", fontsize=10, color=style.INK, pad=3)
    return figure


def image_grid(images: Floats, columns: int) -> "Figure":
    """Images (N, C, H, W) float in 0–1 in reading order, N a multiple of ``columns``."""
    lines = [side_by_side(images[start : start + columns]) for start in range(0, len(images), columns)]
    between = np.full((GAP, *lines[0].shape[1:]), BETWEEN, np.float32)
    image = np.concatenate([part for line in lines for part in (line, between)][:-1])
    height, width = image.shape[:2]
    figure = style.bare_figure(6, 6 * height / width)
    show(figure.subplots(), image)
    return figure


def show(axis: "Axes", image: Floats) -> None:
    """Show pixels as squares, whatever the size."""
    if image.ndim == 3:
        # Missing colours would be black.
        seen = ~np.isnan(image).any(2, keepdims=True)
        image = np.concatenate([np.nan_to_num(image), seen], axis=2, dtype=np.float32)
    axis.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="none")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def side_by_side(images: Floats) -> Floats:
    """(N, C, H, W) to (H, W') or, with three channels, (H, W', 3), a gap between two images."""
    count, channels, height, width = images.shape
    row = np.full((height, count, width + GAP, channels), BETWEEN, np.float32)
    row[:, :, :width] = images.transpose(2, 0, 3, 1)
    joined = row.reshape(height, count * (width + GAP), channels)[:, :-GAP]
    return joined[..., 0] if channels == 1 else joined


NAMES = {
    "val_loss": "loss",
    "val_psnr": "PSNR, dB",
    "val_objective": "objective, nats an image",
    "val_elbo": "evidence lower bound, nats an image",
    "val_reconstruction": "cost of the reconstruction, nats an image",
    "val_divergence": "divergence from the prior, nats an image",
    "val_accuracy": "accuracy",
}
"""Readable names of the columns of ``metrics.csv``."""


def measure_name(column: str) -> str:
    return NAMES.get(column, column.removeprefix("val_").replace("_", " "))


def curves(rows: Sequence[Mapping[str, str]], measures: Sequence[str]) -> dict[str, "Figure"]:
    """Loss and each measure over the epochs of ``metrics.csv``."""
    figures = {"loss": plots.loss_curve(rows)}
    for name in measures:
        label = measure_name(name)
        figures[name.removeprefix("val_")], axis = style.new_figure("epoch", "validation")
        plots.draw_columns(axis, rows, {name: label})
    return figures


def scatter(places: Floats, labels: NDArray[np.int64], names: Sequence[str], has_scale: bool) -> "Figure":
    """Images as points (N, 2) in the colour of their label; a label of one letter is the point itself."""
    figure = style.bare_figure(6, 5)
    axis = figure.subplots()
    style.dress(axis, "first number of the latent" if has_scale else "", "second number" if has_scale else "")
    for label, name in enumerate(names):
        own = places[labels == label]
        if not len(own):
            continue
        # A letter or digit is drawn as the point itself, so that no label covers other points.
        marker = f"${name}$" if name.isalnum() and len(name) == 1 else "o"
        size = 24 if marker != "o" else 9
        axis.scatter(
            own[:, 0],
            own[:, 1],
            s=size,
            marker=marker,
            linewidths=0.3,
            color=f"C{label % 10}",
            label=name,
            rasterized=len(places) > 2000,
        )
    style.legend(axis, loc="center left", bbox_to_anchor=(1, 0.5))
    if not has_scale:
        # Distances on such a map have no unit.
        axis.set(xticks=[], yticks=[])
        axis.spines["bottom"].set_visible(False)
    return figure


def latent_numbers(latents: Floats) -> "Figure":
    """Mean and spread of each number of the latents (N, numbers)."""
    figure = style.bare_figure(6, 2.4)
    axis = figure.subplots()
    style.dress(axis, "number of the latent", "mean ± std")
    axis.errorbar(
        range(1, latents.shape[1] + 1),
        latents.mean(0),
        latents.std(0),
        fmt="o",
        markersize=3,
        linewidth=1,
        color=style.BLUE,
    )
    axis.locator_params(axis="x", integer=True)
    return figure


def rate_distortion_plot(points: Sequence[RatePoint]) -> "Figure":
    figure = style.bare_figure(6, 3.6)
    axis = figure.subplots()
    style.dress(axis, "bits per pixel", "PSNR, dB")
    for color, method in zip(style.SERIES, dict.fromkeys(point.method for point in points), strict=False):
        own = sorted((point.bits_per_pixel, point.psnr) for point in points if point.method == method)
        axis.plot(*zip(*own, strict=True), color=color, marker="o", markersize=3, label=method)
    axis.set_xscale("log")
    style.few_ticks(axis.xaxis)
    style.legend(axis)
    return figure
