"""HDR and wide-gamut video brought to the range of ordinary photographs, which networks were trained on.

PQ and HLG signals (ITU-R BT.2100-2, tables 4 and 5) become display light of BT.2020's primaries. Method C of Report
ITU-R BT.2446-1 (section 6.1, without its optional crosstalk) maps it to the 100 cd/m² of ordinary video. Light below
70 cd/m² keeps its contrast, and the reference white of 203 cd/m² becomes 96 % of the signal. The primaries then become
those of BT.709 (Report ITU-R BT.2407-0, section 2). Brighter light and other colours are clipped.

SDR video of BT.2020 only changes its primaries, in the light of an SDR display (BT.1886).
"""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorTrc
from numpy.typing import NDArray

Values = NDArray[np.float64]

PQ_PEAK, HLG_PEAK, SDR_PEAK = 10_000.0, 1_000.0, 100.0
"""cd/m² of the brightest pixel of PQ, of the display that HLG's signal is meant for here, and of ordinary video."""
LUMA = np.array([0.2627, 0.6780, 0.0593])
"""Weights of BT.2020's red, green and blue in the luminance."""
TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear BT.2020 to linear BT.709 (Report ITU-R BT.2407-0, section 2.2)."""
GAMMA = 2.4
"""Of an SDR display (BT.1886)."""

GRID = 65
"""Steps of each colour in the table. Interpolation errs by half a level of 255 on average, by more where a colour is
clipped."""
DEEP = "gbrp12le"
WHITE = 4080 / 4095
"""What FFmpeg makes of white in ``DEEP``: it shifts levels of 255 instead of stretching them."""


def pq_light(signal: Values) -> Values:
    """Display light in cd/m² of a PQ signal ``(..., 3)`` in 0–1 (BT.2100-2, table 4)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = signal ** (1 / m2)
    return np.asarray(PQ_PEAK * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def hlg_light(signal: Values) -> Values:
    """Display light in cd/m² of an HLG signal ``(..., 3)`` in 0–1 (BT.2100-2, table 5; system gamma 1.2)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(HLG_PEAK * scene * (scene @ LUMA)[..., None] ** 0.2)


LIGHT: dict[int, Callable[[Values], Values]] = {ColorTrc.SMPTE2084: pq_light, ColorTrc.ARIB_STD_B67: hlg_light}
"""By FFmpeg's number of a frame's transfer function."""


def tone_map(light: Values) -> Values:
    """HDR display light ``(..., 3)`` in cd/m² as SDR's, which may pass ``SDR_PEAK`` (BT.2446-1, section 6.1.4)."""
    k1, k2, k3, k4 = 0.83802, 15.09968, 0.74204, 78.99439
    inflection = 58.5 / k1
    luminance = np.maximum(light @ LUMA, 1e-6)[..., None]
    highlight = k2 * np.log(np.maximum(luminance / inflection, 1) - k3) + k4
    return np.asarray(light * np.where(luminance < inflection, k1, highlight / luminance))


def to_sdr(signal: Values, transfer: int) -> Values:
    """A signal ``(..., 3)`` of BT.2020, 0–1, as an SDR signal of BT.709, 0–1.

    Args:
        signal: red, green and blue.
        transfer: a key of ``LIGHT`` for HDR. Anything else is SDR, whose light keeps its brightness.
    """
    light = tone_map(LIGHT[transfer](signal)) / SDR_PEAK if transfer in LIGHT else signal**GAMMA
    return np.asarray(np.clip(light @ TO_BT709.T, 0, 1) ** (1 / GAMMA))


class ToBt709:
    """Brings the frames of one video to SDR of BT.709. FFmpeg looks each pixel up in a table of :func:`to_sdr`.

    Args:
        frame: the first one, in ``DEEP``; later ones have its size.
        transfer: see :func:`to_sdr`.
    """

    def __init__(self, frame: av.VideoFrame, transfer: int) -> None:
        self.graph = Graph()
        source = self.graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        with tempfile.NamedTemporaryFile("w", suffix=".cube") as file:
            Path(file.name).write_text(cube(transfer))
            table = self.graph.add("lut3d", file=file.name, interp="tetrahedral")
            sink = self.graph.add("buffersink")
            source.link_to(table)
            table.link_to(sink)
            self.graph.configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        self.graph.push(frame)
        mapped = self.graph.pull()
        assert isinstance(mapped, av.VideoFrame)
        return mapped


@functools.cache
def cube(transfer: int) -> str:
    """The table as a file of FFmpeg's filter ``lut3d``, in which red changes fastest."""
    steps = np.minimum(np.linspace(0, 1, GRID) / WHITE, 1)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    table = to_sdr(np.stack([red, green, blue], axis=-1), transfer).reshape(-1, 3)
    rows = (f"{red:.5f} {green:.5f} {blue:.5f}\n" for red, green, blue in table.tolist())
    return f"LUT_3D_SIZE {GRID}\n" + "".join(rows)
