"""The look of all figures: their colours, axes and legends, and how a figure becomes SVG or PNG.

Figures in a page take the page's colours, light or dark. PNG files have the light colours.
"""

import io
import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from segnet.report.templating import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1c2128", "#5b6570", "#d5dae0"
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
WIDTH = 4.0
"""Inches of most figures. A column of a page is about as wide, so that text of 10 points stays readable."""
SERIES = (BLUE, ORANGE, GREEN, PINK)
STYLE_NAMES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--line",
    BLUE: "--blue",
    ORANGE: "--orange",
    GREEN: "--green",
    PINK: "--pink",
}

LONGEST_LABEL = 32


def shortened(name: str, longest: int = LONGEST_LABEL) -> str:
    """A label of a figure, cut if it would leave no room for the figure."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def few_ticks(axis: "Axis") -> None:
    """Ticks of a logarithmic axis: 1, 2 and 5 of each power of ten or, over more than two powers, the powers alone."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_data_interval()
    wide = high > 100 * low
    axis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5), numticks=6 if wide else None))
    axis.set_major_formatter(lambda value, _: compact(value))
    axis.set_minor_locator(NullLocator())


def percent(value: float, _: object = None) -> str:
    return f"{100 * value:.4g} %"


def as_percent(axis: "Axes") -> None:
    axis.set_ylim(0, 1)
    axis.yaxis.set_major_formatter(percent)


def new_figure(x: str, y: str) -> tuple["Figure", "Axes"]:
    figure = bare_figure(WIDTH, 2.6)
    axis = figure.subplots()
    dress(axis, x, y)
    return figure, axis


def bare_figure(width: float, height: float) -> "Figure":
    """A figure that belongs to no window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def dress(axis: "Axes", x: str, y: str) -> None:
    """The look of all axes: a light grid, no box."""
    axis.set_xlabel(x, color=INK)
    axis.set_ylabel(y, color=INK)
    # The padding keeps the zeros of both axes from touching.
    axis.tick_params(which="both", colors=MUTED, length=0, pad=6)
    axis.grid(color=GRID, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.spines["bottom"].set_color(MUTED)


def whole_numbers(axis: "Axes") -> None:
    """Whole numbers on the x axis. Around a single one, the ticks would be fractions of it."""
    axis.locator_params(axis="x", integer=True)
    low, high = axis.dataLim.intervalx
    if low == high:
        axis.set_xlim(low - 1, low + 1)


def legend(axis: "Axes", **place: Any) -> None:
    axis.legend(frameon=False, labelcolor=INK, fontsize=9, **place)


def svg(figure: "Figure", name: str) -> Markup:
    """A figure as SVG to put into a page, in the page's colours; ``name`` keeps its ids apart from other figures'."""
    import matplotlib as mpl

    buffer = io.StringIO()
    no_metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    used = set(re.findall(r"#([\w-]+)", text))
    text = re.sub(r' id="([^"]+)"', lambda match: match[0] if match[1] in used else "", text)
    for color, variable in STYLE_NAMES.items():
        text = text.replace(color, f"var({variable})")
    # Matplotlib has escaped all text.
    return Markup(text)


def png(figure: "Figure") -> bytes:
    """The same figure as a PNG file on white."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()
