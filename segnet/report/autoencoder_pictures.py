"""Pictures of autoencoders' reports: rows of images, curves, maps. Each is the bytes of a PNG file."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segnet.inference.compression import RatePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float32]
DPI = 110


def image_rows(rows: Mapping[str, Floats]) -> bytes:
    """One row of images (N, C, H, W) float in 0–1 a label, below each other."""
    figure, axes = new_figure(len(rows), 1, (8, 0.8 * len(rows)))
    for axis, (label, images) in zip(axes, rows.items(), strict=True):
        axis.imshow(side_by_side(images), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return png(figure)


def image_grid(images: Floats, columns: int) -> bytes:
    """Images (N, C, H, W) float in 0–1 in reading order, N a multiple of ``columns``."""
    lines = [side_by_side(images[start : start + columns]) for start in range(0, len(images), columns)]
    picture = np.concatenate(lines)
    height, width = picture.shape[:2]
    figure, (axis,) = new_figure(1, 1, (5, 5 * height / width))
    axis.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set_axis_off()
    return png(figure)


def side_by_side(images: Floats) -> Floats:
    """(N, C, H, W) to (H, N * W) or, with three channels, (H, N * W, 3)."""
    count, channels, height, width = images.shape
    row = images.transpose(2, 0, 3, 1).reshape(height, count * width, channels)
    return row[..., 0] if channels == 1 else row


def curves(rows: Sequence[Mapping[str, str]], measures: Sequence[str]) -> bytes:
    """Losses and measures over the epochs of ``metrics.csv``."""
    figure, (left, right) = new_figure(1, 2, (8, 2.6))
    for axis, names in ((left, ("train_loss", "val_loss")), (right, measures)):
        for name in names:
            points = [(int(row["epoch"]), float(row[name])) for row in rows if row.get(name)]
            axis.plot([epoch for epoch, _ in points], [value for _, value in points], label=name)
        axis.set_xlabel("epoch")
        axis.legend(frameon=False)
    if min(float(row["train_loss"]) for row in rows) > 0:
        left.set_yscale("log")
    return png(figure)


def scatter(places: Floats, labels: NDArray[np.int64], names: Sequence[str]) -> bytes:
    """Images as points (N, 2) in the colour of their label."""
    figure, (axis,) = new_figure(1, 1, (6, 5))
    for label, name in enumerate(names):
        x, y = places[labels == label].T
        axis.scatter(x, y, s=10, label=name, color=f"C{label % 10}")
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return png(figure)


def code_numbers(codes: Floats) -> bytes:
    """Mean and spread of each number of the codes (N, numbers)."""
    figure, (axis,) = new_figure(1, 1, (8, 2.2))
    axis.errorbar(range(codes.shape[1]), codes.mean(0), codes.std(0), fmt="o", markersize=3, linewidth=1)
    axis.set_xlabel("number of the code")
    axis.locator_params(axis="x", integer=True)
    return png(figure)


def rate_distortion_plot(points: Sequence[RatePoint]) -> bytes:
    figure, (axis,) = new_figure(1, 1, (7, 4))
    for method in dict.fromkeys(point.method for point in points):
        own = sorted((point.bits_per_pixel, point.psnr) for point in points if point.method == method)
        axis.plot([rate for rate, _ in own], [value for _, value in own], marker="o", markersize=3, label=method)
    axis.set(xscale="log", xlabel="bits per pixel", ylabel="PSNR, dB")
    axis.legend(frameon=False)
    return png(figure)


def new_figure(rows: int, columns: int, size: tuple[float, float]) -> tuple["Figure", list["Axes"]]:
    """A figure that no window system knows of, and its axes in a list."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    # No version or date in the file: the same run gives the same bytes.
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()
