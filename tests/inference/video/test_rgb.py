"""Colours of decoded frames: what a file does not say of them, and HDR."""

import math
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray
from PIL import Image

from segnet.errors import UserError
from segnet.inference.video.bt2020 import LIGHT, hlg_light, pq_light, to_sdr
from segnet.inference.video.camera import Stream
from segnet.inference.video.reader import open_source
from segnet.inference.video.rgb import UNSPECIFIED, ToRgb, colorspace_of, is_wide

SAMPLE = next((Path(__file__).parents[3] / "segnet" / "web" / "samples").glob("*.jpg"))
PQ, HLG = ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67


@pytest.mark.parametrize(
    ("size", "tagged", "expected"),
    [
        ((320, 240), UNSPECIFIED, None),
        ((1280, 720), UNSPECIFIED, Colorspace.ITU709),
        ((720, 1280), UNSPECIFIED, Colorspace.ITU709),
        ((1280, 720), Colorspace.ITU601, None),
    ],
)
def test_untagged_hd_is_bt709(size: tuple[int, int], tagged: int, expected: Colorspace | None) -> None:
    frame = av.VideoFrame(*size, "yuv420p")
    frame.colorspace = tagged
    assert colorspace_of(frame) == expected


def test_the_greens_of_untagged_hd_come_out_as_bt709_says() -> None:
    # Pure green in BT.709, limited range: Y 173, Cb 42, Cr 26. BT.601 would make (0, 216, 0) or so of it.
    planes = [np.full((720, 1280), 173, np.uint8), np.full((360, 640), 42, np.uint8), np.full((360, 640), 26, np.uint8)]
    stacked = np.concatenate([plane.reshape(-1, 1280) for plane in planes])
    frame = av.VideoFrame.from_ndarray(stacked, format="yuv420p")
    frame.colorspace = UNSPECIFIED
    np.testing.assert_allclose(ToRgb("clip")(frame)[100, 100], (0, 255, 0), atol=3)


def test_light_is_what_bt2408_lists() -> None:
    """Report ITU-R BT.2408-7, table 1: signals of 18 % grey, of the reference white, and of a peak of 1000 cd/m²."""
    greys = np.array([[0.38] * 3, [0.58] * 3, [0.7518] * 3])
    np.testing.assert_allclose(pq_light(greys)[:, 0], (26, 203, 1000), rtol=0.02)
    greys = np.array([[0.38] * 3, [0.75] * 3, [1.0] * 3])
    np.testing.assert_allclose(hlg_light(greys)[:, 0], (26, 203, 1000), rtol=0.02)


def test_skin_the_knee_and_white_come_out_where_bt2446_places_them() -> None:
    """Method C's parameters follow from these: HLG's 50 % is SDR's 70 %, and HLG's 75 % is SDR's 96 %."""
    np.testing.assert_allclose(to_sdr(np.array([[0.5] * 3, [0.75] * 3]), HLG)[:, 1], (0.70, 0.96), atol=0.001)
    # Black, and light that SDR does not have.
    np.testing.assert_allclose(to_sdr(np.array([[0.0] * 3, [1.0] * 3]), HLG)[:, 1], (0, 1), atol=0.001)


def sdr_by_hand(signal: tuple[float, float, float], transfer: int) -> list[float]:
    """As the reports write it, with numbers instead of arrays: light, CIE xyY, method C, XYZ, BT.709."""
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        roots = [value ** (1 / m2) for value in signal]
        red, green, blue = (10_000 * (max(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) for root in roots)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        red, green, blue = (v * v / 3 if v <= 0.5 else (math.exp((v - c) / a) + b) / 12 for v in signal)
        gain = 1000 * (0.2627 * red + 0.6780 * green + 0.0593 * blue) ** 0.2
        red, green, blue = red * gain, green * gain, blue * gain
    big_x, big_y, big_z = xyz_of(red, green, blue)
    x, y = big_x / (big_x + big_y + big_z), big_y / (big_x + big_y + big_z)
    knee = 58.5 / 0.83802
    mapped = 0.83802 * big_y if big_y < knee else 15.09968 * math.log(big_y / knee - 0.74204) + 78.99439
    return bt709_of(x / y * mapped / 100, mapped / 100, (1 - x - y) / y * mapped / 100)


def xyz_of(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """CIE XYZ of linear BT.2020."""
    big_x = 0.63695805 * red + 0.14461690 * green + 0.16888098 * blue
    big_y = 0.26270021 * red + 0.67799807 * green + 0.05930172 * blue
    big_z = 0.02807269 * green + 1.06098506 * blue
    return big_x, big_y, big_z


def bt709_of(big_x: float, big_y: float, big_z: float) -> list[float]:
    """The BT.709 signal of CIE XYZ on a display of BT.1886."""
    linear = (
        3.24096994 * big_x - 1.53738318 * big_y - 0.49861076 * big_z,
        -0.96924364 * big_x + 1.87596750 * big_y + 0.04155506 * big_z,
        0.05563008 * big_x - 0.20397696 * big_y + 1.05697151 * big_z,
    )
    return [min(max(value, 0), 1) ** (1 / 2.4) for value in linear]


def narrow_by_hand(signal: list[float]) -> list[float]:
    """SDR of BT.2020 as SDR of BT.709, through CIE XYZ."""
    red, green, blue = (value**2.4 for value in signal)
    return bt709_of(*xyz_of(red, green, blue))


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_sdr_is_what_the_reports_say_of_any_colour(transfer: int) -> None:
    rng = np.random.default_rng(0)
    signals = rng.uniform(0.1, 0.9, (200, 1)) + rng.uniform(-0.1, 0.1, (200, 3))
    expected = np.array([sdr_by_hand(tuple(signal), transfer) for signal in signals])
    # What is cut off at 0 leaves there with an endless slope, so that the matrices' last digits count.
    inside = expected.min(axis=1) > 0.05
    assert inside.sum() > 50
    np.testing.assert_allclose(to_sdr(signals, transfer)[inside], expected[inside], atol=0.002)


def clip_of(path: Path, signal: NDArray[np.float64], transfer: int, codec: str, pixels: str) -> Path:
    """A clip of two frames of the signal ``(H, W, 3)`` of BT.2020 in 0–1, encoded by BT.2100's equations."""
    red, green, blue = signal[..., 0], signal[..., 1], signal[..., 2]
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = [64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746]
    frame = av.VideoFrame(signal.shape[1], signal.shape[0], "yuv444p10le")
    for plane, values in zip(frame.planes, planes, strict=True):
        lines = np.zeros((signal.shape[0], plane.line_size // 2), "<u2")
        lines[:, : signal.shape[1]] = np.rint(values)
        plane.update(lines.tobytes())
    frame.color_range, frame.colorspace = ColorRange.MPEG, 9
    frame.color_trc, frame.color_primaries = transfer, ColorPrimaries.BT2020
    options = {"x265-params": "lossless=1:log-level=none:pools=1", "preset": "ultrafast"} if codec == "libx265" else {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = signal.shape[1], signal.shape[0], pixels
        context = stream.codec_context
        context.color_trc, context.color_primaries = transfer, ColorPrimaries.BT2020
        context.colorspace, context.color_range = 9, ColorRange.MPEG
        for index in range(2):
            frame.pts = index
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


def in_hdr(image: NDArray[np.uint8], transfer: int) -> NDArray[np.float64]:
    """A signal that method C brings back to the image's darker half, by inverting tables."""
    levels = np.linspace(0, 1, 4096)
    grey = to_sdr(np.repeat(levels[:, None], 3, axis=1), transfer)[:, 1]
    signal: NDArray[np.float64] = np.interp(image / 255, grey, levels)
    return signal


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize(
    ("suffix", "codec", "pixels"),
    [
        (".ts", "libx265", "yuv420p10le"),
        (".mkv", "ffv1", "yuv422p10le"),
        (".mov", "prores_ks", "yuv422p10le"),
    ],
)
def test_frames_of_an_hdr_file_are_sdr(suffix: str, codec: str, pixels: str, transfer: int, tmp_path: Path) -> None:
    patches = np.array([[0.2, 0.2, 0.2], [0.5, 0.5, 0.5], [0.75, 0.75, 0.75], [0.5, 0.45, 0.4], [0.46, 0.5, 0.48]])
    signal = np.repeat(np.repeat(patches[None], 64, axis=0), 32, axis=1)
    clip = clip_of(tmp_path / f"in{suffix}", signal, transfer, codec, pixels)
    for frame in open_source(str(clip)).frames():
        found = frame.image[32, 16::32] / 255
        expected = [sdr_by_hand(tuple(patch), transfer) for patch in patches]
        np.testing.assert_allclose(found, expected, atol=0.015)


PATCHES = [[0.2, 0.2, 0.2], [1.0, 1.0, 1.0], [0.5, 0.45, 0.4], [0.3, 0.6, 0.35], [0.25, 0.3, 0.7], [0.8, 0.3, 0.2]]


@pytest.mark.parametrize("transfer", [ColorTrc.BT2020_10, ColorTrc.BT2020_12, ColorTrc.BT709])
@pytest.mark.parametrize(
    ("suffix", "codec", "pixels"), [(".ts", "libx265", "yuv420p10le"), (".mkv", "ffv1", "yuv422p10le")]
)
def test_sdr_of_bt2020_becomes_bt709(suffix: str, codec: str, pixels: str, transfer: int, tmp_path: Path) -> None:
    signal = np.repeat(np.repeat(np.array(PATCHES)[None], 64, axis=0), 32, axis=1)
    clip = clip_of(tmp_path / f"in{suffix}", signal, transfer, codec, pixels)
    expected = [narrow_by_hand(patch) for patch in PATCHES]
    # The change is large enough to be seen: the green patch moves by more than a tenth.
    assert np.abs(np.array(expected) - PATCHES).max() > 0.1
    for frame in open_source(str(clip)).frames():
        np.testing.assert_allclose(frame.image[32, 16::32] / 255, expected, atol=0.012)


@pytest.mark.parametrize(
    ("transfer", "primaries", "space", "wide"),
    [
        (ColorTrc.BT709, ColorPrimaries.BT709, Colorspace.ITU709, False),
        (ColorTrc.BT709, ColorPrimaries.BT2020, Colorspace.BT2020, True),
        (ColorTrc.BT2020_10, ColorPrimaries.UNSPECIFIED, UNSPECIFIED, True),
        (ColorTrc.UNSPECIFIED, ColorPrimaries.UNSPECIFIED, Colorspace.BT2020, True),
        (ColorTrc.UNSPECIFIED, ColorPrimaries.UNSPECIFIED, UNSPECIFIED, False),
        (ColorTrc.BT2020_10, ColorPrimaries.BT709, Colorspace.ITU709, False),
        (PQ, ColorPrimaries.UNSPECIFIED, UNSPECIFIED, True),
    ],
)
def test_the_primaries_count_before_what_else_a_file_says(
    transfer: int, primaries: int, space: int, wide: bool
) -> None:
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    frame.color_trc, frame.color_primaries, frame.colorspace = transfer, primaries, space
    assert is_wide(frame) == wide


def test_a_photograph_survives_the_table(tmp_path: Path) -> None:
    with Image.open(SAMPLE) as photo:
        image = np.asarray(photo.convert("RGB").resize((160, 120)))
    signal = in_hdr(image, HLG)
    (found, _) = open_source(str(clip_of(tmp_path / "in.mkv", signal, HLG, "ffv1", "yuv444p10le"))).frames()
    expected = 255 * to_sdr(signal, HLG)
    assert np.abs(found.image - expected).mean() < 1


def test_a_stream_is_turned_and_coloured_as_a_file_is(tmp_path: Path) -> None:
    signal = np.full((48, 64, 3), 0.5)
    # Each frame is a key frame: the first one is not buffered, and lost.
    clip = clip_of(tmp_path / "in.mov", signal, HLG, "prores_ks", "yuv422p10le")
    stream = Stream(f"file:{clip}")
    image = stream.read()
    stream.close()
    assert image is not None
    np.testing.assert_allclose(image[20, 20], 255 * 0.70, atol=2)


@pytest.mark.parametrize("space", [10, 14])
def test_an_hdr_colour_space_that_ffmpeg_does_not_convert_is_named(space: int) -> None:
    """Constant luminance and ICtCp."""
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    frame.colorspace, frame.color_trc = space, PQ
    with pytest.raises(UserError, match=r"clip\.mp4: frames of type yuv420p10le cannot be made RGB"):
        ToRgb("clip.mp4")(frame)


def test_every_transfer_of_hdr_is_known() -> None:
    assert set(LIGHT) == {16, 18}
